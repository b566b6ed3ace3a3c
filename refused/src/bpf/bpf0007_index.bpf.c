// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

int numbers[16];
int last;

SEC("raw_tp/sys_enter")
int handle_enter(struct bpf_raw_tracepoint_args *ctx)
{
	int at = ctx->args[1];

#ifdef FIXED
	at &= 15;
#else
	if (at > 15)
		return 0;
#endif
	last = numbers[at]; /* here */
	return 0;
}
