// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} rb SEC(".maps");

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u64 *record;

	record = bpf_ringbuf_reserve(&rb, sizeof(*record), 0); /* from */
	if (!record)
		return 0;
	*record = bpf_ktime_get_ns();
	if (*record & 1) {
#ifdef FIXED
		bpf_ringbuf_discard(record, 0);
#endif
		return 0;
	}
	bpf_ringbuf_submit(record, 0);
	return 0;
} /* here */
