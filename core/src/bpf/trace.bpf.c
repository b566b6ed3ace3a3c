// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Copies the output of bpf_printk of one process. Reading trace_pipe would take lines away from
 * other readers; a perf event on the tracepoint is silent, because the printing program usually
 * runs inside another perf event.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/pidns.h>
#include <bpfapps/ringbuf.h>
#include "trace.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* whose lines, and whether to copy them at the moment */
__u32 traced_pid = 0;
__u32 recording = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} lines SEC(".maps");

/* arguments: the line */
SEC("raw_tp/bpf_trace_printk")
int handle_bpf_trace_printk(__u64 *ctx)
{
	__u32 pid = bpfapps_current_pid();
	struct trace_line *line;

	if (!recording || pid != traced_pid)
		return 0;

	line = bpfapps_reserve(&lines, trace_line);
	if (!line)
		return 0;
	line->time_ns = bpf_ktime_get_ns();
	line->pid = pid;
	line->cpu = bpf_get_smp_processor_id();
	bpf_get_current_comm(line->comm, sizeof(line->comm));
	bpf_probe_read_kernel_str(line->text, sizeof(line->text), (void *)ctx[0]);
	bpfapps_submit(&lines, line);
	return 0;
}
