// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* each `if` has two ways on, and the verifier remembers 8192 that it has not gone yet */
#ifdef FIXED
#define TURNS 1
#else
#define TURNS 1000
#endif

volatile __u64 odd = 0;

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	for (int i = 0; i < TURNS; i++) { /* here */
#pragma unroll
		for (int j = 0; j < 64; j++)
			if (bpf_get_prandom_u32() & 1) /* here */
				odd += 1;
	}
	return 0;
}
