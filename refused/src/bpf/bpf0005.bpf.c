// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct bytes {
	char first[300];
};

#ifdef FIXED
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bytes);
} buffers SEC(".maps");
#endif

static __noinline int inner(struct __sk_buff *skb)
{
#ifdef FIXED
	__u32 zero = 0;
	struct bytes *bytes = bpf_map_lookup_elem(&buffers, &zero);

	return bytes ? bpf_skb_load_bytes(skb, 0, bytes, sizeof(*bytes)) : 0;
#else
	struct bytes bytes = {};

	return bpf_skb_load_bytes(skb, 0, &bytes, sizeof(bytes));
#endif
}

SEC("socket")
int handle_packet(struct __sk_buff *skb)
{
	struct bytes bytes = {};

	bpf_skb_load_bytes(skb, 0, &bytes, sizeof(bytes));
	return inner(skb) + bytes.first[0]; /* here */
}
