/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* include after vmlinux.h */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * The path of a task's cgroup, as the kernel has it at that moment: no other process needs to look
 * it up before the cgroup is gone. In user space, bpfapps_host::cgroups::Identity finds the
 * container in it.
 */

/* number of names that are read: of the task's own cgroup and of those above it */
#define BPFAPPS_CGROUP_LEVELS 32

/* NAME_MAX, and a NUL */
#define BPFAPPS_CGROUP_NAME 256

/* size of all names together, and of the one that goes beyond it */
#define BPFAPPS_CGROUP_LEN (1024 + BPFAPPS_CGROUP_NAME)

/* of one type, as libbpf takes a millisecond to find each; the parent was renamed in Linux 6.15 */
struct kernfs_node___any {
	const char *name;
	struct kernfs_node___any *parent;
	struct kernfs_node___any *__parent;
} __attribute__((preserve_access_index));

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

/* the cgroup of a task in version 2 */
static __always_inline struct kernfs_node___any *bpfapps_cgroup_of(struct task_struct *task)
{
	return (void *)BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
}

/*
 * The cgroup of a task that limits its number of processes. On a machine with version 1 that is
 * another one than in version 2, and has a name of every engine and of systemd.
 */
static __always_inline struct kernfs_node___any *bpfapps_pids_cgroup_of(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *state = NULL;
	__u64 at;

	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		return NULL;
	at = bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id) * sizeof(state);
	at += bpf_core_field_offset(struct css_set, subsys);
	bpf_probe_read_kernel(&state, sizeof(state), (void *)set + at);
	return (void *)BPF_CORE_READ(state, cgroup, kn);
}

/*
 * Reads the names of a cgroup and of those above it, each with a NUL, into BPFAPPS_CGROUP_LEN
 * bytes; the root has none. Returns the size of all.
 */
static __always_inline __u64 bpfapps_read_cgroup(struct kernfs_node___any *node, __u8 *names)
{
	__u64 at = 0;

	for (int level = 0; level < BPFAPPS_CGROUP_LEVELS && node; level++) {
		const char *name = BPF_CORE_READ(node, name);
		long read;

		if (at > BPFAPPS_CGROUP_LEN - BPFAPPS_CGROUP_NAME)
			break;
		read = bpf_probe_read_kernel_str(names + at, BPFAPPS_CGROUP_NAME, name);
		if (read <= 1)
			break;
		at += read;
		node = bpfapps_cgroup_above(node);
	}
	return at;
}
