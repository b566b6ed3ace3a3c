// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpfapps/histogram.h>
#include <bpfapps/pidns.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* count only calls by this process; 0 is every process */
const volatile __u32 only_pid = 0;

/* up to this many commands between two looks of the reader */
BPFAPPS_COUNTS(table, calls, 10240);

/* when a call began, by thread: of a recursive function only the innermost call is counted */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, __u64);
} starts SEC(".maps");

/* user space attaches both, because the function's name differs between kernels */
SEC("kprobe")
int BPF_KPROBE(handle_call)
{
	__u64 thread = bpfapps_current_pid_tgid(), now = bpf_ktime_get_ns();

	if (!only_pid || thread >> 32 == only_pid)
		bpf_map_update_elem(&starts, &thread, &now, BPF_ANY);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(handle_return)
{
	__u64 thread = bpfapps_current_pid_tgid(), now = bpf_ktime_get_ns();
	__u64 *start = bpf_map_lookup_elem(&starts, &thread);
	struct command command = {};
	struct counts *counts;
	__u64 latency;

	if (!start)
		/* it was called before we attached */
		return 0;
	latency = now - *start;
	bpf_map_delete_elem(&starts, &thread);
	bpf_get_current_comm(&command.comm, sizeof(command.comm));

	/* a full map is counted, not hidden */
	counts = bpfapps_counts(&table, calls, &command);
	if (counts)
		bpfapps_log2_add(&counts->latency_ns, latency);
	return 0;
}
