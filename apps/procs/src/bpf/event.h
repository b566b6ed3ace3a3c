/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/cgroup.h>
#include <bpfapps/ringbuf.h>
#include "procs.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/*
 * Memory to compose an event: it is too large for the stack, and its length is known only at the
 * end. Programs on one hook run in the order of this object, so programs that an option adds leave
 * their part for the one that sends the event.
 *
 * Kernels since about 7 preempt programs, and another task may reach the same hook on the same CPU
 * meanwhile. A program does not run twice on a CPU at a time (the kernel skips and counts the
 * second run), so each program writes to memory of its own, and the sender checks before and after
 * copying a part that it belongs to its own task.
 */
#define CGROUPS_LEN     (2 * BPFAPPS_CGROUP_LEN)
#define NAME_LEN        256               /* NAME_MAX, and a NUL */
#define EXE_LEN         (4096 + NAME_LEN) /* PATH_MAX, and the name that goes beyond it */
#define ARGS_LEN        4096
#define FILENAME_LEN    (4096 + 32) /* PATH_MAX, and /dev/fd/<number>/ before it */
#define INTERPRETER_LEN 256         /* BINPRM_BUF_SIZE */

/* whether there are parts to take: of the programs in details.h and args.h */
const volatile __u8 with_details = 0;
const volatile __u8 with_args = 0;

/* details: pid and ppid are by the numbers of user space, for a table in a PID namespace */
const volatile __u8 with_own_pids = 0;

/* details: the path of the cgroup; in version 1, too */
const volatile __u8 with_cgroup = 0;
const volatile __u8 with_cgroup_v1 = 0;

/* details: the path of the executable */
const volatile __u8 with_exe = 0;

enum place {
	PLACE_EXEC,
	PLACE_EXIT,
	PLACE_FAILED,
	PLACE_EXEC_DETAILS,
	PLACE_EXIT_DETAILS,
	PLACE_ARGS,
	PLACES,
};

struct scratch {
	__u64 owner; /* the task whose part this is, once it is complete */
	struct event event;
	__u8 tail[CGROUPS_LEN + EXE_LEN + ARGS_LEN + FILENAME_LEN + INTERPRETER_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

static __always_inline void set_owner(struct scratch *s, __u64 owner)
{
	*(volatile __u64 *)&s->owner = owner;
}

static __always_inline bool is_own(struct scratch *s)
{
	return *(volatile __u64 *)&s->owner == bpf_get_current_pid_tgid();
}

/* an empty event in a program's own place */
static __always_inline struct scratch *new_scratch(enum place place)
{
	struct scratch *s;
	__u32 key = place;

	s = bpf_map_lookup_elem(&scratch, &key);
	if (s) {
		set_owner(s, 0);
		__builtin_memset(&s->event, 0, sizeof(s->event));
	}
	return s;
}

/* leaves a part for the program that sends the event */
static __always_inline void leave(struct scratch *s)
{
	set_owner(s, bpf_get_current_pid_tgid());
}

/* the part that was left by another program for this task, or NULL */
static __always_inline struct scratch *left(enum place place)
{
	struct scratch *s;
	__u32 key = place;

	s = bpf_map_lookup_elem(&scratch, &key);
	return s && is_own(s) ? s : NULL;
}

/* true if the copied part is complete; it is not taken twice */
static __always_inline bool taken(struct scratch *s)
{
	bool whole = is_own(s);

	set_owner(s, 0);
	return whole;
}

/*
 * The length of a string without its NUL. The barrier keeps the compiler from comparing another
 * register than the one that is used: the verifier of an older kernel then knows no bound.
 */
static __always_inline __u64 length(long read, __u64 size)
{
	__u64 length = read - 1;

	barrier_var(length);
	return length < size ? length : 0;
}

/* copies the tail of a part behind `at` bytes of ours, and is where it ends */
static __always_inline __u64 take_tail(struct scratch *s, __u64 at, struct scratch *part, __u64 len,
				       __u64 most)
{
	barrier_var(len);
	if (len > most || bpf_probe_read_kernel(&s->tail[at], len, part->tail))
		return at;
	return at + len;
}

static __always_inline void fill_event(struct event *e, struct task_struct *task,
				       enum event_kind kind)
{
	__u64 id = bpf_get_current_pid_tgid();

	e->time_ns = bpf_ktime_get_boot_ns();
	e->kind = kind;
	e->tid = id;
	if (!with_own_pids || !e->details) {
		e->pid = id >> 32;
		e->ppid = BPF_CORE_READ(task, real_parent, tgid);
	}
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
	e->uid = bpf_get_current_uid_gid();
	e->cgroup = bpf_get_current_cgroup_id();
}
