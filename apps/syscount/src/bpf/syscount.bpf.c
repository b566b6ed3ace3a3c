// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpfapps/histogram.h>
#include <bpfapps/pidns.h>
#include <bpfapps/syscall.h>
#include "syscount.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* count only this process; 0 is every process */
const volatile __u32 only_pid = 0;

/* count only this system call; -1 is every one */
const volatile __s64 only_syscall = -1;

/* count each process by itself */
const volatile bool by_process = false;

/* count only calls that fail */
const volatile bool only_failed = false;

/* handle_enter is there, too */
const volatile bool with_latency = false;

/* enough for all system calls; lib.rs makes it larger for processes */
BPFAPPS_COUNTS(table, syscalls, 512);

/* when a thread has entered the kernel; an entry is written again, so it is added once */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u64);
} starts SEC(".maps");

SEC("tp_btf/sys_enter")
int BPF_PROG(handle_enter, struct pt_regs *regs, long id)
{
	__u32 thread = bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns(), *start;

	if (only_pid && bpfapps_current_pid() != only_pid)
		return 0;
	start = bpf_map_lookup_elem(&starts, &thread);
	if (start)
		*start = now;
	else
		bpf_map_update_elem(&starts, &thread, &now, BPF_ANY);
	return 0;
}

/* how long the call took; 0 if its start was not seen */
static __always_inline __u64 latency(void)
{
	__u32 thread = bpf_get_current_pid_tgid();
	__u64 *start = bpf_map_lookup_elem(&starts, &thread);
	__u64 since = start ? *start : 0;

	if (!since)
		return 0;
	*start = 0;
	return bpf_ktime_get_ns() - since;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(handle_exit, struct pt_regs *regs, long result)
{
	struct call call = {.syscall = bpfapps_syscall_of(regs)};
	bool has_failed = bpfapps_syscall_fails(call.syscall, result);
	__u64 took = with_latency ? latency() : 0;
	struct counts *counts;

	if (only_syscall >= 0 && call.syscall != only_syscall)
		return 0;
	if (only_failed && !has_failed)
		return 0;
	if (only_pid && bpfapps_current_pid() != only_pid)
		return 0;
	if (by_process) {
		call.pid = bpfapps_current_pid();
		bpf_get_current_comm(&call.comm, sizeof(call.comm));
	}

	/* a full map is counted, not hidden */
	counts = bpfapps_counts(&table, syscalls, &call);
	if (!counts)
		return 0;
	bpfapps_add(&counts->calls, 1);
	if (has_failed)
		bpfapps_add(&counts->errors, 1);
	if (took)
		bpfapps_log2_add(&counts->latency_ns, took);
	return 0;
}
