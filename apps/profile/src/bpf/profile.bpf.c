// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/pid_of.h>
#include <bpfapps/ringbuf.h>
#include "profile.h"
/* which processes are sampled */
#include "wanted.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define EEXIST 17

/* a stack by a hash of 128 bits: there are too few stacks for two of the same */
struct stack_key {
	__u64 words[2];
};

/*
 * Stacks are in the values, where none takes the place of another one. Samples are counted in one
 * of the maps while user space empties the other one. Preallocated: a sample may interrupt
 * the allocator.
 */
struct counts {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct stack_key);
	__type(value, struct stack);
} even SEC(".maps"), odd SEC(".maps");

/* 0: samples are counted in `even` */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} active SEC(".maps");

/* a stack is too large for the stack of a program */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stack);
} scratch SEC(".maps");

static __always_inline void mix(struct stack_key *key, __u64 word)
{
	key->words[0] = (key->words[0] ^ word) * 0x9e3779b97f4a7c15;
	key->words[0] ^= key->words[0] >> 32;
	key->words[1] = (key->words[1] + word) * 0xd6e8feb86659fd93;
	key->words[1] ^= key->words[1] >> 29;
}

static __always_inline void mix_all(struct stack_key *key, const __u64 *words, __u32 count)
{
	for (__u32 i = 0; i < DEPTH && i < count; i++)
		mix(key, words[i]);
}

/* a hint, which may be lost: the stack is in the map */
static __always_inline void send_seen(__u64 space, __u32 pid, __u32 ended)
{
	struct seen *seen = bpf_ringbuf_reserve(&rb, sizeof(*seen), 0);

	if (!seen)
		return;
	seen->space = space;
	seen->pid = pid;
	seen->ended = ended;
	bpfapps_submit(&rb, seen);
}

static __always_inline void add(void *counts, struct stack_key *key, struct stack *stack)
{
	struct stack *known = bpf_map_lookup_elem(counts, key);
	long err = -EEXIST;

	if (!known)
		err = bpf_map_update_elem(counts, key, stack, BPF_NOEXIST);
	if (!err) {
		send_seen(stack->space, stack->pid, 0);
		return;
	}
	/* another CPU may have been first */
	if (!known && err == -EEXIST)
		known = bpf_map_lookup_elem(counts, key);
	if (known)
		__sync_fetch_and_add(&known->count, 1);
	else
		bpfapps_count_lost(BPFAPPS_MAP_FULL);
}

static __always_inline __u32 frames(long bytes)
{
	return bytes > 0 ? bytes / sizeof(__u64) : 0;
}

SEC("perf_event")
int handle_sample(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 zero = 0, *is_odd = bpf_map_lookup_elem(&active, &zero);
	struct stack *s = bpf_map_lookup_elem(&scratch, &zero);
	struct stack_key key = {};

	/* 0 is a CPU that has nothing to do */
	if (!s || !is_odd || !(__u32)bpf_get_current_pid_tgid() || !is_wanted())
		return 0;

	s->count = 1;
	s->space = (__u64)BPF_CORE_READ(task, mm);
	s->pid = bpfapps_pid_of(task);
	bpf_get_current_comm(s->comm, sizeof(s->comm));
	/* a stack that can't be had is an empty one */
	s->kernel_depth = frames(bpf_get_stack(ctx, s->kernel, sizeof(s->kernel), 0));
	s->user_depth = frames(bpf_get_stack(ctx, s->user, sizeof(s->user), BPF_F_USER_STACK));

	mix(&key, s->space);
	mix(&key, (__u64)s->pid << 32 | s->kernel_depth << 16 | s->user_depth);
	mix(&key, *(__u64 *)&s->comm[0]);
	mix(&key, *(__u64 *)&s->comm[8]);
	mix_all(&key, s->kernel, s->kernel_depth);
	mix_all(&key, s->user, s->user_depth);
	if (*is_odd)
		add(&odd, &key, s);
	else
		add(&even, &key, s);
	return 0;
}
