// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
#ifndef FIXED
	__type(value, __u64);
#endif
} events SEC(".maps");

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u64 now = bpf_ktime_get_ns();

	return bpf_ringbuf_output(&events, &now, sizeof(now), 0); /* here */
}
