// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/count.h>
#include <bpfapps/pidns.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* count only this process; 0 is every process */
const volatile __u32 only_pid = 0;

/* up to this many processes between two looks of the reader */
BPFAPPS_COUNTS(table, hits, 10240);

SEC("tp/{{ tracepoint }}")
int handle_event(void *ctx)
{
	struct process process = {.pid = bpfapps_current_pid()};
	struct counts *counts;

	if (only_pid && process.pid != only_pid)
		return 0;
	bpf_get_current_comm(&process.comm, sizeof(process.comm));

	/* a full map is counted, not hidden */
	counts = bpfapps_counts(&table, hits, &process);
	if (counts)
		bpfapps_add(&counts->hits, 1);
	return 0;
}
