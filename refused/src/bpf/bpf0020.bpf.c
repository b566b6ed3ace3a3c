// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct page_of_bytes {
	char bytes[4096];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
#ifdef FIXED
	__uint(max_entries, 64);
#else
	__uint(max_entries, 1 << 29);
#endif
	__type(key, __u32);
	__type(value, struct page_of_bytes);
} huge SEC(".maps");

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u32 zero = 0;

	return !bpf_map_lookup_elem(&huge, &zero); /* here */
}
