// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static __always_inline void count(__u32 *cpu, __u64 step)
{
	__u64 *value;

	value = bpf_map_lookup_elem(&counts, cpu); /* source */
#ifdef FIXED
	if (!value)
		return;
#endif
	*value += step; /* here */ /* source */
}

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id(); /* here */

	/* clang 14 merges both calls, and gives their code line 0: the source has its lines */
	if (cpu & 1)
		count(&cpu, 1);
	else
		count(&cpu, 2);
	return 0;
}
