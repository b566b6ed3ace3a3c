// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpfapps/pid_of.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define MAX_FRAMES 64

/* list only threads of this process; 0 is every process */
const volatile __u32 only_pid = 0;

/* list only threads in one of these states: a bit for each, in the order of `letters` */
const volatile __u32 only_states = 0;

/* the states as the kernel numbers them for ps(1); the last is sleep that is no load */
const char letters[] = "RSDTtXZPI";

#define TASK_UNINTERRUPTIBLE 0x0002
#define TASK_REPORT          0x007f
#define TASK_NOLOAD          0x0400

/* the state was called so before Linux 5.14 */
struct task_struct___old {
	long state;
} __attribute__((preserve_access_index));

/* an index into `letters` */
static __always_inline __u32 state_of(struct task_struct *task)
{
	__u32 state, index = 0;

	if (bpf_core_field_exists(task->__state))
		state = task->__state;
	else
		state = ((struct task_struct___old *)task)->state;
	if ((state & TASK_UNINTERRUPTIBLE) && (state & TASK_NOLOAD))
		return sizeof(letters) - 2;

	/* a state that only the kernel itself knows is one of waiting */
	if (state && !(state & TASK_REPORT))
		state = TASK_UNINTERRUPTIBLE;
	state = (state | task->exit_state) & TASK_REPORT;
	for (int bit = 0; bit < 7; bit++)
		if (state & (1 << bit))
			index = bit + 1;
	return index;
}

/* too large for the stack of a program; one runs at a time */
static __u64 frames[MAX_FRAMES];

/* called for each thread, and once more at the end, without one */
SEC("iter/task")
int list_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	struct task record = {};
	__u32 state, pid;
	long size;

	if (!task)
		return 0;
	pid = bpfapps_pid_of(task);
	if (only_pid && pid != only_pid)
		return 0;
	state = state_of(task);
	if (only_states && !(only_states & (1 << state)))
		return 0;

	record.time_ns = bpf_ktime_get_boot_ns();
	record.runtime_ns = task->se.sum_exec_runtime;
	record.pid = pid;
	record.tid = bpfapps_tid_of(task);
	record.uid = task->cred->uid.val;
	if (state < sizeof(letters))
		record.state = letters[state];
	bpf_probe_read_kernel_str(record.comm, sizeof(record.comm), task->comm);
	bpf_seq_write(seq, &record, sizeof(record));

	/* one that runs at this moment has no stack that could be read */
	size = bpf_get_task_stack(task, frames, sizeof(frames), 0);
	for (int i = 0; i < MAX_FRAMES; i++) {
		if (size <= (long)(i * sizeof(frames[0])))
			break;
		/* the kernel knows its functions by name */
		BPF_SEQ_PRINTF(seq, "%pB\n", frames[i]);
	}
	BPF_SEQ_PRINTF(seq, "\n");
	return 0;
}
