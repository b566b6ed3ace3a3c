// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;

__u64 sum;

/* needs Linux 6.4 */
SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	struct bpf_iter_num it;
	int *number;

#ifdef FIXED
	bpf_iter_num_new(&it, 0, 10);
#endif
	while ((number = bpf_iter_num_next(&it))) /* here */
		sum += *number;
	bpf_iter_num_destroy(&it);
	return 0;
}
