// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

char text[16];

/* needs Linux 5.20 */
SEC("raw_tp/sys_enter")
int handle_enter(struct bpf_raw_tracepoint_args *ctx)
{
	const void *user = (const void *)ctx->args[0];

#ifdef FIXED
	bpf_probe_read_user(text, sizeof(text), user);
#else
	bpf_copy_from_user(text, sizeof(text), user); /* here */
#endif
	return 0;
}
