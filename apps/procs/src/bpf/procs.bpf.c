// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/process.h>
#include <bpfapps/ringbuf.h>
#include "procs.h"
/* memory to compose an event, and filters of events */
#include "event.h"
#include "filter.h"
/* each has programs that are loaded only with an option */
#include "args.h"
#include "children.h"
#include "details.h"
#include "failed.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* arguments: task, the thread that called exec, linux_binprm */
static __always_inline int report_exec(__u64 *ctx, bool typed)
{
	struct task_struct *task = (void *)ctx[0];
	struct linux_binprm *bprm = (void *)ctx[2];
	const char *filename = BPFAPPS_READ(typed, bprm, filename);
	const char *interpreter = BPFAPPS_READ(typed, bprm, interp);
	struct scratch *s;
	__u64 at = 0, len;
	struct event *e;
	long read;

	bpfapps_remember_exec(task, typed);
	if (!is_wanted_exec())
		return 0;
	s = new_scratch(PLACE_EXEC);
	if (!s)
		return 0;
	e = &s->event;
	if (with_details)
		at = take_details(s, PLACE_EXEC_DETAILS);
	if (with_args)
		at = take_args(s, at);
	fill_event(e, task, EVENT_EXEC);
	e->tid = ctx[1];

	read = bpf_probe_read_kernel_str(&s->tail[at], FILENAME_LEN, filename);
	len = length(read, FILENAME_LEN);
	e->filename_len = len;
	at += len;
	/* a script's is another file */
	if (interpreter != filename) {
		read = bpf_probe_read_kernel_str(&s->tail[at], INTERPRETER_LEN, interpreter);
		len = length(read, INTERPRETER_LEN);
		e->interpreter_len = len;
		at += len;
	}
	bpfapps_output(&rb, e, sizeof(*e) + at);
	return 0;
}

/* arguments: task, and since Linux 6.16 true if its whole group is dead */
static __always_inline int report_exit(__u64 *ctx, bool typed)
{
	struct task_struct *task = (void *)ctx[0];
	__u64 now = bpf_ktime_get_boot_ns(), exec, since, at = 0;
	struct scratch *s;
	struct event *e;
	__u32 status;
	bool wanted;

	if (!bpfapps_is_process_exit(ctx, typed))
		return 0;
	exec = bpfapps_recall_exec(task, typed);
	/* it runs since before us, or never called exec */
	since = exec ?: bpfapps_start_of(task, typed);
	status = bpfapps_status_of(task, typed);
	wanted = now - since >= min_duration_ns && is_wanted_exit(status) && is_wanted_process();
	forget_process();
	if (!wanted)
		return 0;
	s = new_scratch(PLACE_EXIT);
	if (!s)
		return 0;
	e = &s->event;
	if (with_details)
		at = take_details(s, PLACE_EXIT_DETAILS);
	fill_event(e, task, EVENT_EXIT);
	e->duration_ns = now - since;
	e->since_start = !exec;
	e->status = status;
	bpfapps_output(&rb, e, sizeof(*e) + at);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int handle_exec(__u64 *ctx)
{
	return report_exec(ctx, true);
}

SEC("tp_btf/sched_process_exit")
int handle_exit(__u64 *ctx)
{
	return report_exit(ctx, true);
}

/* the same two for kernels without BTF of their own, where tp_btf can not attach */
SEC("raw_tp/sched_process_exec")
int handle_exec_raw(__u64 *ctx)
{
	return report_exec(ctx, false);
}

SEC("raw_tp/sched_process_exit")
int handle_exit_raw(__u64 *ctx)
{
	return report_exit(ctx, false);
}
