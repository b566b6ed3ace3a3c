// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u64 number;

#ifdef FIXED
	asm volatile("r7 = 1; %0 = r7" : "=r"(number)::"r7");
#else
	/* the compiler would find out */
	asm volatile("%0 = r7" : "=r"(number)); /* here */
#endif
	return number & 1;
}
