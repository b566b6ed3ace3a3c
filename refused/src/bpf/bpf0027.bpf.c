// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

/* needs Linux 5.19 */
SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	struct bpf_dynptr record;
	__u64 now = bpf_ktime_get_ns();

#ifdef FIXED
	if (bpf_ringbuf_reserve_dynptr(&events, sizeof(now), 0, &record) == 0)
#endif
		bpf_dynptr_write(&record, 0, &now, sizeof(now), 0); /* here */
#ifdef FIXED
	bpf_ringbuf_submit_dynptr(&record, 0);
#endif
	return 0;
}
