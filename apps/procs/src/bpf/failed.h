/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpf/bpf_core_read.h>
#include "details.h"
#include "event.h"
#include "filter.h"

/* --failed: calls of exec that came to nothing. Runs at each system call of the machine. */

/* from these numbers on, the kernel calls again by itself (linux/errno.h) */
#define ERESTARTSYS 512

#define X86_EXECVE      59
#define X86_EXECVEAT    322
#define X86_32_EXECVE   11
#define X86_32_EXECVEAT 358
#define ARM64_EXECVE    221
#define ARM64_EXECVEAT  281
#define TS_COMPAT       0x2  /* x86: a system call of a 32-bit program (asm/thread_info.h) */
#define PSR_MODE32_BIT  0x10 /* arm64: a 32-bit program (asm/ptrace.h) */

/* address of the filename in user space; 0 for another system call */
static __always_inline __u64 filename_of_exec(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 call = BPF_CORE_READ(regs, orig_ax);

	/* calls of 32-bit programs have numbers and registers of their own */
	if (call == X86_EXECVE || call == X86_EXECVEAT || call == X86_32_EXECVE ||
	    call == X86_32_EXECVEAT) {
		if (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT) {
			if (call == X86_32_EXECVE)
				return (__u32)BPF_CORE_READ(regs, bx);
			if (call == X86_32_EXECVEAT)
				return (__u32)BPF_CORE_READ(regs, cx);
			return 0;
		}
		if (call == X86_EXECVE)
			return BPF_CORE_READ(regs, di);
		if (call == X86_EXECVEAT)
			return BPF_CORE_READ(regs, si);
	}
#elif defined(__TARGET_ARCH_arm64)
	__s32 call = BPF_CORE_READ(regs, syscallno);

	if (BPF_CORE_READ(regs, pstate) & PSR_MODE32_BIT)
		return 0;
	if (call == ARM64_EXECVE)
		return BPF_CORE_READ(regs, orig_x0);
	if (call == ARM64_EXECVEAT)
		return BPF_CORE_READ(regs, regs[1]);
#else
#error "which system call is execve here?"
#endif
	return 0;
}

static __always_inline void report_failed(__u64 filename, long error, bool details)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct scratch *s;
	__u64 at = 0, len;
	long read;

	s = new_scratch(PLACE_FAILED);
	if (!s)
		return;
	fill_event(&s->event, task, EVENT_FAIL);
	if (details) {
		add_namespaces(&s->event, task);
		at = add_cgroup(s, task);
	}
	s->event.status = error;
	read = bpf_probe_read_user_str(&s->tail[at], FILENAME_LEN, (void *)filename);
	len = length(read, FILENAME_LEN);
	s->event.filename_len = len;
	bpfapps_output(&rb, &s->event, sizeof(s->event) + at + len);
}

/* arguments: registers, return value */
static __always_inline int end_of_call(__u64 *ctx, bool details)
{
	long error = -(long)ctx[1];
	__u64 filename;

	if (error <= 0 || error >= ERESTARTSYS)
		return 0;
	filename = filename_of_exec((void *)ctx[0]);
	if (!filename || !is_wanted_exec())
		return 0;
	report_failed(filename, error, details);
	return 0;
}

SEC("raw_tp/sys_exit")
int handle_failed(__u64 *ctx)
{
	return end_of_call(ctx, false);
}

/* the same for JSON and YAML */
SEC("raw_tp/sys_exit")
int handle_failed_details(__u64 *ctx)
{
	return end_of_call(ctx, true);
}
