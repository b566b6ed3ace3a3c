/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* include after vmlinux.h */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* a container's id has this many hex digits */
#define BPFAPPS_CONTAINER_LEN 64

/* number of examined cgroups: the task's own and those above it */
#define BPFAPPS_CONTAINER_LEVELS 16

/* longer than `cri-containerd-<id>.scope`, the longest name that an engine gives to a cgroup */
#define BPFAPPS_CONTAINER_NAME 128

/* of one type, as libbpf takes a millisecond to find each; the parent was renamed in Linux 6.15 */
struct kernfs_node___any {
	const char *name;
	struct kernfs_node___any *parent;
	struct kernfs_node___any *__parent;
} __attribute__((preserve_access_index));

#define BPFAPPS_EACH_BYTE(byte) (0x0101010101010101ULL * (byte))

/*
 * True if all bytes are hexadecimal digits, in lower case. Eight bytes are tested at a time, by
 * their highest bits: a branch for each byte would cost the verifier milliseconds.
 */
static __always_inline bool bpfapps_is_hex(const __u64 *words, int count)
{
	__u64 all = BPFAPPS_EACH_BYTE(0x80);

	for (int i = 0; i < count; i++) {
		__u64 digit = (words[i] + BPFAPPS_EACH_BYTE(0x80 - '0')) &
			      ~(words[i] + BPFAPPS_EACH_BYTE(0x7f - '9'));
		__u64 letter = (words[i] + BPFAPPS_EACH_BYTE(0x80 - 'a')) &
			       ~(words[i] + BPFAPPS_EACH_BYTE(0x7f - 'f'));

		/* a byte that has this bit itself is no digit, and may carry into the next one */
		all &= (digit | letter) & ~words[i];
	}
	return all == BPFAPPS_EACH_BYTE(0x80);
}

/*
 * The position of the id in the name of a cgroup, such as `docker-<id>.scope`; negative without
 * one. A global function is verified once, and not again for each level.
 */
__noinline int bpfapps_find_container(__u64 name)
{
	union {
		char text[8];
		__u64 number;
	} scope = {".scope"}, end = {};
	char buffer[BPFAPPS_CONTAINER_NAME], before = '-';
	__u64 words[BPFAPPS_CONTAINER_LEN / 8];
	long at = bpf_probe_read_kernel_str(buffer, sizeof(buffer), (void *)name) - 1;

	/* if it is cut, its end is unknown */
	if (at < BPFAPPS_CONTAINER_LEN || at >= sizeof(buffer) - 1)
		return -1;
	bpf_probe_read_kernel(&end, 6, (void *)name + at - 6);
	if (end.number == scope.number)
		at -= 6;
	at -= BPFAPPS_CONTAINER_LEN;
	if (at > 0)
		bpf_probe_read_kernel(&before, sizeof(before), (void *)name + at - 1);
	if (at < 0 || before != '-')
		return -1;
	if (bpf_probe_read_kernel(words, sizeof(words), (void *)name + at))
		return -1;
	return bpfapps_is_hex(words, sizeof(words) / sizeof(*words)) ? at : -1;
}

static __always_inline struct kernfs_node___any *
bpfapps_cgroup_above(struct kernfs_node___any *node)
{
	if (bpf_core_field_exists(node->__parent))
		return BPF_CORE_READ(node, __parent);
	if (bpf_core_field_exists(node->parent))
		return BPF_CORE_READ(node, parent);
	/* renamed once more: the task's own cgroup has to do */
	return NULL;
}

/*
 * Reads the id of the innermost container of a task, from the names of its cgroup (version 2) and
 * of those above it: BPFAPPS_CONTAINER_LEN bytes. False if it is in none.
 */
static __always_inline bool bpfapps_read_container(struct task_struct *task, __u8 *id)
{
	struct kernfs_node___any *node = (void *)BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);

	for (int level = 0; level < BPFAPPS_CONTAINER_LEVELS && node; level++) {
		const char *name = BPF_CORE_READ(node, name);
		int at = bpfapps_find_container((__u64)name);

		if (at >= 0)
			return !bpf_probe_read_kernel(id, BPFAPPS_CONTAINER_LEN, name + at);
		node = bpfapps_cgroup_above(node);
	}
	return false;
}
