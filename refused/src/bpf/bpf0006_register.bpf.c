// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u64 number;

	/* the compiler would find out */
	asm volatile("%0 = r7" : "=r"(number)); /* here */
	return number & 1;
}
