// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* libbpf takes what is in front of ___ for the kernel's name; a struct `inode` of one's own has it
 * as soon as no header declares the kernel's */
#ifdef FIXED
#define label my_label
#else
#define label inode___mine
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif

struct label {
	char text[8];
};

#ifndef FIXED
#pragma clang attribute pop
#endif

volatile char first = 0;

SEC("raw_tp/sys_enter")
int handle_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct label *mine = (void *)ctx->args[0];

	bpf_probe_read_kernel((void *)&first, 1, mine->text); /* here */
	return 0;
}
