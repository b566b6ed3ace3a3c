// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("raw_tp/sys_enter")
int handle_enter(struct bpf_raw_tracepoint_args *ctx)
{
#ifdef FIXED
	__u64 arg = ctx->args[1];

	return arg == 0;
#else
	ctx->args[1] = 0; /* here */
	return 0;
#endif
}
