// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

/* accepted by Linux 7.2 */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u64 total;

SEC("raw_tp/sys_enter")
int handle_enter(struct bpf_raw_tracepoint_args *ctx)
{
#ifdef FIXED
	total += ctx->args[0] + ctx->args[1];
#else
	__u64 *arg = ctx->args;

	for (int i = 0; i < 2; i++) {
		barrier_var(arg);
		total += *arg++; /* here */
	}
#endif
	return 0;
}
