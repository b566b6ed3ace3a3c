// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

/* needs Linux 6.2 */
SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u64 *record = bpf_ringbuf_reserve(&events, 2 * sizeof(*record), 0); /* from */
#ifdef FIXED
	__u64 *field = record;
#else
#define field record
#endif

	if (!record)
		return 0;
	*field++ = 1;
	*field = 2;
	bpf_ringbuf_submit(record, 0); /* here */
	return 0;
}
