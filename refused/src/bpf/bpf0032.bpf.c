// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("socket")
int handle_packet(struct __sk_buff *skb)
{
	int result = 0;

#ifndef FIXED
	asm volatile("goto +1"); /* here */
#endif
	asm volatile("%0 = 1" : "+r"(result));
	return result;
}
