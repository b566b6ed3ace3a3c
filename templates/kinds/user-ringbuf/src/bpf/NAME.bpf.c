// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/pidns.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define MAX_WATCHED 4096

/* to user space */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* from user space: only its process writes, and only we read */
struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 64 * 1024);
} commands SEC(".maps");

/* the processes to be reported; one that has gone stays until it is forgotten */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_WATCHED);
	__type(key, __u32);
	__type(value, __u8);
} watched SEC(".maps");

/* the process that makes us read commands */
const volatile __u32 own_pid = 0;

/* leave out signals of the kernel, and of a process to itself */
const volatile __u8 only_foreign = 0;

/* called for each command; 1 would leave the rest for the next time */
static long handle_command(struct bpf_dynptr *dynptr, void *unused)
{
	struct command command = {};
	struct event *e;
	__u8 yes = 1;

	if (bpf_dynptr_read(&command, sizeof(command), dynptr, 0, 0))
		return 0;
	if (command.kind == KIND_WATCH) {
		if (bpf_map_update_elem(&watched, &command.pid, &yes, BPF_ANY)) {
			bpfapps_count_lost(BPFAPPS_MAP_FULL);
			return 0;
		}
	} else {
		bpf_map_delete_elem(&watched, &command.pid);
	}

	/* the command is in effect: signals are in the ring after this record, not before */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->time_ns = bpf_ktime_get_boot_ns();
	e->kind = command.kind;
	e->pid = command.pid;
	bpfapps_submit(&rb, e);
	return 0;
}

/* a system call that does nothing else: user space makes it when it has written commands */
SEC("tp/syscalls/sys_enter_getppid")
int handle_commands(void *ctx)
{
	if (bpfapps_current_pid() == own_pid)
		bpf_user_ringbuf_drain(&commands, handle_command, NULL, 0);
	return 0;
}

/* two small numbers stand for missing siginfo: 0 is a process, 1 the kernel */
static __always_inline __u8 is_of_kernel(struct kernel_siginfo *info)
{
	if ((__u64)info <= 1)
		return (__u64)info;
	/* SI_KERNEL, and codes for faults and children; a process uses 0 or less */
	return BPF_CORE_READ(info, si_code) > 0;
}

/* arguments, as TP_PROTO in the kernel's source has them: signal, siginfo, task */
SEC("raw_tp/signal_generate")
int handle_signal(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[2];
	struct kernel_siginfo *info = (void *)ctx->args[1];
	__u32 sender = bpf_get_current_pid_tgid() >> 32;
	__u32 pid = BPF_CORE_READ(task, tgid);
	struct event *e;

	if (!bpf_map_lookup_elem(&watched, &pid))
		return 0;
	if (only_foreign && (sender == pid || is_of_kernel(info)))
		return 0;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return 0;

	e->time_ns = bpf_ktime_get_boot_ns();
	e->kind = KIND_SIGNAL;
	e->pid = pid;
	e->signal = ctx->args[0];
	e->sender_pid = sender;
	e->by_kernel = is_of_kernel(info);
	e->sender_uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(&e->sender_comm, sizeof(e->sender_comm));
	bpfapps_submit(&rb, e);
	return 0;
}
