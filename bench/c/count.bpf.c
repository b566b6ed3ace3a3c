// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* programs at one tracepoint, of which the kernel's statistics tell what each costs */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpfapps/histogram.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct process {
	__u32 pid;
};

struct calls {
	bpfapps_count calls;
};

struct numbers {
	bpfapps_log2 numbers;
};

BPFAPPS_COUNTED(counted, process, calls);
BPFAPPS_COUNTED(measured, process, numbers);
BPFAPPS_COUNTS(first_counters, counted, 10240);
BPFAPPS_COUNTS(counters, counted, 10240);
BPFAPPS_COUNTS(histograms, measured, 10240);

SEC("tp/raw_syscalls/sys_enter")
int empty(void *ctx)
{
	return 0;
}

static __always_inline int count(void *table)
{
	struct process process = {.pid = bpf_get_current_pid_tgid() >> 32};
	struct calls *calls = bpfapps_counts(table, counted, &process);

	if (calls)
		bpfapps_add(&calls->calls, 1);
	return 0;
}

/* the first one that looks into a hash costs more: as bpftrace's come later, so does what is
 * compared */
SEC("tp/raw_syscalls/sys_enter")
int first_counter(void *ctx)
{
	return count(&first_counters);
}

SEC("tp/raw_syscalls/sys_enter")
int counter(void *ctx)
{
	return count(&counters);
}

SEC("tp/raw_syscalls/sys_enter")
int histogram(struct trace_event_raw_sys_enter *ctx)
{
	struct process process = {.pid = bpf_get_current_pid_tgid() >> 32};
	struct numbers *numbers = bpfapps_counts(&histograms, measured, &process);

	if (numbers)
		bpfapps_log2_add(&numbers->numbers, ctx->id);
	return 0;
}
