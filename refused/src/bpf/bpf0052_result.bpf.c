// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* needs fentry; the verifier names no instruction */
#ifdef FIXED
SEC("fexit/vfs_read")
#else
SEC("fmod_ret/vfs_read")
#endif
int handle_read(void *ctx)
{
	return 0;
}
