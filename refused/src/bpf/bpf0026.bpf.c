// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct value {
	struct bpf_spin_lock lock;
	__u64 since;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct value);
} values SEC(".maps");

SEC("tc")
int handle_packet(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct value *value = bpf_map_lookup_elem(&values, &zero);

	if (!value)
		return 0;
#ifdef FIXED
	__u64 now = bpf_ktime_get_ns();

	bpf_spin_lock(&value->lock);
	value->since = now;
#else
	bpf_spin_lock(&value->lock);
	value->since = bpf_ktime_get_ns(); /* here */
#endif
	bpf_spin_unlock(&value->lock);
	return 0;
}
