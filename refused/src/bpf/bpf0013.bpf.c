// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64[16]);
} counts SEC(".maps");

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u32 zero = 0;
	__u64 *count;

	count = bpf_map_lookup_elem(&counts, &zero); /* from */
	if (!count)
		return 0;
#ifdef FIXED
	count += bpf_get_prandom_u32() & 8;
#else
	count = (__u64 *)((__u64)count & ~63ULL); /* here */
#endif
	*count = 1;
	return 0;
}
