/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* --args: the arguments, as they stand in the memory of the new program; arguments: task, … */
SEC("raw_tp/sched_process_exec")
int read_args(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u64 start = BPF_CORE_READ(mm, arg_start), size, len, at;
	struct scratch *s;

	if (!is_wanted_exec())
		return 0;
	s = current_scratch(EVENT_EXEC);
	if (!s)
		return 0;
	size = BPF_CORE_READ(mm, arg_end) - start;
	s->event.has_args = 1;
	s->event.args_size = size;
	at = used(s, FILE_LEN);
	len = size < ARGS_LEN ? size : ARGS_LEN;
	/* the kernel has just written them, so they are in memory */
	if (bpf_probe_read_user(&s->tail[at], len, (void *)start))
		return 0;
	s->event.args_len = len;
	s->used = at + len;
	return 0;
}
