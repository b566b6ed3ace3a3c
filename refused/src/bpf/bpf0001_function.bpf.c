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

/* libbpf puts the functions behind the program in the order of the calls, which is not this one */
static __noinline int count_more(__u64 *count)
{
#ifdef FIXED
	if (!count)
		return 0;
#endif
	*count += 1; /* here */
	return 0;
}

static __noinline __u64 *find(__u32 pid)
{
	__u32 key = pid + 1;

	return bpf_map_lookup_elem(&counts, &key); /* from */
}

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u64 *count = find(bpf_get_current_pid_tgid() >> 32);

	return count_more(count);
}
