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
#ifdef FIXED
	*record += 1;
	bpf_ringbuf_submit(record, 0);
#else
	bpf_ringbuf_submit(record, 0); /* from */
	*record += 1;                  /* here */
#endif
	return 0;
}
