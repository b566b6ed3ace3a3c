// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#ifdef FIXED
volatile int limit = 0;
#else
const volatile int limit = 0;
#endif

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	*(volatile int *)&limit = 1; /* here */
	return 0;
}
