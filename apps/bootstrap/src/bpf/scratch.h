/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/*
 * Where an event is put together: too large for the stack of a BPF program, and of a length that
 * is known only in the end. Programs on one hook run one after another in the order of this
 * object, so those that an option adds write their part before the one that sends it.
 */
#define FILE_LEN        256 /* NAME_MAX, and a NUL */
#define ARGS_LEN        4096
#define FILENAME_LEN    (4096 + 32) /* PATH_MAX, and /dev/fd/<number>/ before it */
#define INTERPRETER_LEN 256         /* BINPRM_BUF_SIZE */

struct scratch {
	__u64 owner; /* the task that a program before this one has written for */
	__u64 used;  /* bytes of tail */
	struct event event;
	__u8 tail[FILE_LEN + ARGS_LEN + FILENAME_LEN + INTERPRETER_LEN];
};

/* by enum event_kind, so that programs of different hooks do not meet */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EVENT_KINDS);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

/*
 * Whether a program can be preempted here (since about Linux 7). Another task that comes to the
 * same hook on this CPU would then write into the same scratch, or have its event skipped, since a
 * program does not run twice on a CPU at a time.
 */
const volatile __u8 preemptible = 0;

extern void bpf_preempt_disable(void) __weak __ksym;
extern void bpf_preempt_enable(void) __weak __ksym;

static __always_inline void lock_scratch(void)
{
	if (preemptible)
		bpf_preempt_disable();
}

static __always_inline void unlock_scratch(void)
{
	if (preemptible)
		bpf_preempt_enable();
}

/* the event of the calling task: with what programs before this one have written, or empty */
static __always_inline struct scratch *current_scratch(enum event_kind kind)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct scratch *s;
	__u32 key = kind;

	s = bpf_map_lookup_elem(&scratch, &key);
	if (s && s->owner != id) {
		__builtin_memset(&s->event, 0, sizeof(s->event));
		s->used = 0;
		s->owner = id;
	}
	return s;
}

/*
 * How much of the tail is used, and how long a string is that was read, its NUL left out. The
 * barriers keep the compiler from comparing another register than the one that is used: what it
 * has not seen compared, the verifier of an older kernel takes for anything.
 */
static __always_inline __u64 used(struct scratch *s, __u64 most)
{
	__u64 used = s->used;

	barrier_var(used);
	return used <= most ? used : 0;
}

static __always_inline __u64 length(long read, __u64 size)
{
	__u64 length = read - 1;

	barrier_var(length);
	return length < size ? length : 0;
}

/* sends the event, and leaves nothing to the next one */
static __always_inline void submit(void *ring, struct scratch *s, __u64 used)
{
	bpfapps_output(ring, &s->event, sizeof(s->event) + used);
	s->owner = 0;
}
