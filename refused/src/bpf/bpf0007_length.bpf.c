// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

char text[64];

SEC("raw_tp/sys_enter")
int handle_enter(struct bpf_raw_tracepoint_args *ctx)
{
#ifdef FIXED
	__u32 size = ctx->args[1];
#else
	int size = ctx->args[1]; /* from */
#endif

	if (size > sizeof(text) - 1) /* a comparison without a sign, after which a sign is back */
		return 0;
	asm volatile("" : "+r"(size));
#ifdef FIXED
	size &= 63;
#endif
	bpf_probe_read_kernel(text, size, (void *)ctx->args[0]); /* here */
	return 0;
}
