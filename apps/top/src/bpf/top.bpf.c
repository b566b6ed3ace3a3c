// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/pid_of.h>
#include "top.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define ANON_INODE_FS_MAGIC 0x09041934

#define NAME_SIZE 8

/* the first eight characters */
static __always_inline bool is_named(const char *name, const char *wanted)
{
	for (int i = 0; i < NAME_SIZE; i++)
		if (name[i] != wanted[i])
			return false;
	return true;
}

static __always_inline __u32 id_of(struct bpf_prog *prog)
{
	return BPF_CORE_READ(prog, aux, id);
}

/* called for each open file of each process, and once more at the end, without one */
SEC("iter/task_file")
int list_holders(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct holder record = {};
	char name[NAME_SIZE];

	if (!task || !file || file->f_inode->i_sb->s_magic != ANON_INODE_FS_MAGIC)
		return 0;

	/* the kernel names these files; few list the addresses of their operations in kallsyms */
	if (bpf_probe_read_kernel(name, sizeof(name), file->f_path.dentry->d_name.name))
		return 0;
	if (is_named(name, "bpf-map")) {
		record.kind = KIND_MAP;
		record.id = BPF_CORE_READ((struct bpf_map *)file->private_data, id);
	} else if (is_named(name, "bpf-prog")) {
		record.id = id_of(file->private_data);
	} else if (is_named(name, "bpf_link")) {
		record.id = id_of(BPF_CORE_READ((struct bpf_link *)file->private_data, prog));
	}
	/* a link of struct_ops has no program */
	if (!record.id)
		return 0;

	record.pid = bpfapps_pid_of(task);
	BPF_CORE_READ_STR_INTO(&record.comm, task, group_leader, comm);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
