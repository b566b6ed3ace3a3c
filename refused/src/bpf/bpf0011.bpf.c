// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#ifdef FIXED
char LICENSE[] SEC("license") = "Dual BSD/GPL";
#else
char LICENSE[] SEC("license") = "Proprietary";
#endif

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	bpf_printk("entered"); /* here */
	return 0;
}
