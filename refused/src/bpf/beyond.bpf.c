// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* longer than any record of this tracepoint */
struct record {
	__u64 common;
	__u8 members[192];
	__u32 last;
};

__u32 seen;

SEC("tp/sched/sched_process_exit")
int reads_beyond(struct record *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32)
		seen = ctx->last;
	return 0;
}

SEC("tp/sched/sched_process_exit")
int reads_within(struct record *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32)
		seen = ctx->members[0];
	return 0;
}
