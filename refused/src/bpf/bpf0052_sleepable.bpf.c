// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* needs fentry; the verifier names no instruction */
#ifdef FIXED
SEC("fentry/vfs_read")
#else
SEC("fentry.s/vfs_read")
#endif
int handle_read(void *ctx)
{
	return 0;
}
