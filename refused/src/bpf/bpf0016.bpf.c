// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("cgroup_skb/ingress")
int handle_packet(struct __sk_buff *skb)
{
#ifdef FIXED
	return 1;
#else
	return 5; /* here */
#endif
}
