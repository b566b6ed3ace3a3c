// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u32 calls;

/* the kernel has this function, takes the program, and refuses to attach it */
SEC("kprobe/kprobe_int3_handler")
int on_untraced(void *ctx)
{
	calls++;
	return 0;
}

/* in the same instructions, which does not make it a substitute */
SEC("kprobe/vfs_read")
int on_traced(void *ctx)
{
	calls++;
	return 0;
}
