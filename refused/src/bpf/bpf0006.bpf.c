// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64[2]);
	__type(value, __u64);
} seen SEC(".maps");

/* refused where it is loaded without CAP_PERFMON */
SEC("socket")
int handle_packet(struct __sk_buff *skb)
{
	__u64 key[2], one = 1;

	key[0] = 7;
#ifdef FIXED
	key[1] = 0;
#endif
	bpf_map_update_elem(&seen, key, &one, BPF_ANY); /* here */
	return 0;
}
