// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct name {
	char text[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct name);
} names SEC(".maps");

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u64 at = bpf_get_prandom_u32();
	struct name *name;
	__u32 zero = 0;

	name = bpf_map_lookup_elem(&names, &zero); /* from */
	if (!name)
		return 0;
#ifdef FIXED
	if (at >= sizeof(name->text))
		return 0;
#endif
	name->text[at] = 'x'; /* here */
	return 0;
}
