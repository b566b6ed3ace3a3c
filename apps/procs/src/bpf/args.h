/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpf/bpf_core_read.h>
#include "event.h"
#include "filter.h"

/* --args: the arguments, as they stand in the memory of the new program; argument: task */
SEC("raw_tp/sched_process_exec")
int read_args(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u64 start = BPF_CORE_READ(mm, arg_start), size, len;
	struct scratch *s;

	if (!is_wanted_exec())
		return 0;
	s = new_scratch(PLACE_ARGS);
	if (!s)
		return 0;
	size = BPF_CORE_READ(mm, arg_end) - start;
	len = size < ARGS_LEN ? size : ARGS_LEN;
	/* the kernel has just written them, so they are in memory */
	if (!bpf_probe_read_user(s->tail, len, (void *)start))
		s->event.args_len = len;
	s->event.args_size = size;
	leave(s);
	return 0;
}

static __always_inline __u64 take_args(struct scratch *s, __u64 at)
{
	struct scratch *part = left(PLACE_ARGS);
	__u32 size;
	__u16 len;
	__u64 end;

	if (!part)
		return at;
	size = part->event.args_size;
	len = part->event.args_len;
	end = take_tail(s, at, part, len, ARGS_LEN);
	if (!taken(part))
		return at;
	s->event.has_args = 1;
	s->event.args_size = size;
	s->event.args_len = end - at;
	return end;
}
