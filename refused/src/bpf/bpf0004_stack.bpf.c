// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

volatile char first = 0;

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	char comm[16];

#ifdef FIXED
	bpf_get_current_comm(comm, sizeof(comm));
#else
	bpf_get_current_comm(comm, 32); /* here */
#endif
	first = comm[0];
	return 0;
}
