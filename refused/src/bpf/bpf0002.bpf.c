// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

volatile int stop = 0;

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
#ifdef FIXED
	for (int i = 0; i < 100 && !stop; i++)
		;
#else
	while (!stop) /* here */
		;
#endif
	return 0;
}
