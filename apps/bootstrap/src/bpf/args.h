/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* --args: the arguments, as they stand in the memory of the new program */
static __always_inline void write_args(struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u64 start = BPF_CORE_READ(mm, arg_start), size, len, at;
	struct scratch *s;

	if (!is_wanted_exec())
		return;
	s = current_scratch(EVENT_EXEC);
	if (!s)
		return;
	size = BPF_CORE_READ(mm, arg_end) - start;
	s->event.has_args = 1;
	s->event.args_size = size;
	at = used(s, FILE_LEN);
	len = size < ARGS_LEN ? size : ARGS_LEN;
	/* the kernel has just written them, so they are in memory */
	if (bpf_probe_read_user(&s->tail[at], len, (void *)start))
		return;
	s->event.args_len = len;
	s->used = at + len;
}

SEC("raw_tp/sched_process_exec")
int read_args(__u64 *ctx)
{
	lock_scratch();
	write_args((void *)ctx[0]);
	unlock_scratch();
	return 0;
}
