// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/pidns.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* count only calls by this process; 0 is every process */
const volatile __u32 only_pid = 0;

/* calls of each function; user space makes it as large as there are functions */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

/* user space attaches it to all of them, each with its place in `counts` for a cookie */
SEC("kprobe.multi")
int handle_call(void *ctx)
{
	__u32 place = bpf_get_attach_cookie(ctx);
	__u64 *count;

	if (only_pid && bpfapps_current_pid() != only_pid)
		return 0;
	count = bpf_map_lookup_elem(&counts, &place);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}
