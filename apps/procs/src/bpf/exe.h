/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpf/bpf_core_read.h>
#include "event.h"

/*
 * The file that an exec runs, however it was named: by a symlink, a relative path, /proc/self/fd/N
 * or a file descriptor. bpf_d_path is not for programs on this hook, so this walks up from the file
 * as the kernel does for /proc/PID/exe (prepend_path in fs/d_path.c).
 */

/* folders and mounts above the file that are looked at; each costs the verifier */
#define EXE_STEPS 64

/* appends a name and a NUL to the path, which is complete in reverse order */
static __always_inline bool append_name(struct scratch *s, struct dentry *dentry)
{
	/* read from the map in each step, so that all steps look the same to the verifier */
	__u64 cgroup = *(volatile __u16 *)&s->event.cgroup_len;
	__u64 cgroup_v1 = *(volatile __u16 *)&s->event.cgroup_v1_len;
	__u64 len = *(volatile __u16 *)&s->event.exe_len;
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	long read;

	if (cgroup > BPFAPPS_CGROUP_LEN || cgroup_v1 > BPFAPPS_CGROUP_LEN ||
	    len > EXE_LEN - NAME_LEN)
		return false;
	read = bpf_probe_read_kernel_str(&s->tail[cgroup + cgroup_v1 + len], NAME_LEN, name);
	if (read <= 0)
		return false;
	s->event.exe_len = len + read;
	return true;
}

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

/* behind the cgroup */
static __always_inline void add_exe(struct scratch *s, struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry), *root, *parent;
	struct mount *mount = mount_of(BPF_CORE_READ(file, f_path.mnt)), *above;
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	s->event.exe_dev = BPF_CORE_READ(inode, i_sb, s_dev);
	s->event.exe_inode = BPF_CORE_READ(inode, i_ino);
	s->event.exe_deleted = !BPF_CORE_READ(dentry, d_hash.pprev);
	s->event.exe_cut = 1;
	root = BPF_CORE_READ(mount, mnt.mnt_root);
	for (int i = 0; i < EXE_STEPS; i++) {
		if (dentry == root) {
			above = BPF_CORE_READ(mount, mnt_parent);
			if (above == mount)
				goto whole;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			root = BPF_CORE_READ(mount, mnt.mnt_root);
			continue;
		}
		if (!append_name(s, dentry))
			return;
		parent = BPF_CORE_READ(dentry, d_parent);
		/* in no folder: a memfd */
		if (parent == dentry)
			goto whole;
		dentry = parent;
	}
	return;
whole:
	s->event.exe_cut = 0;
}
