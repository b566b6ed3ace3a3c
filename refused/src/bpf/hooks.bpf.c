// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* each of these is loaded alone: its hook has a mistake in it, or a kernel does not have it */

SEC("tp/sched/sched_process_exce")
int no_tracepoint(void *ctx)
{
	return 0;
}

SEC("tp/sched/sched_process_exec")
int good_tracepoint(void *ctx)
{
	return 0;
}

SEC("raw_tp/sched_swich")
int no_raw_tracepoint(void *ctx)
{
	return 0;
}

SEC("tp_btf/sched/sched_switch")
int no_tp_btf(void *ctx)
{
	return 0;
}

SEC("kprobe/vfs_raed")
int no_kprobe(void *ctx)
{
	return 0;
}

SEC("kprobe/vfs_read")
int good_kprobe(void *ctx)
{
	return 0;
}

/* what runs in the middle of a kprobe can not have one itself */
SEC("kprobe/kprobe_int3_handler")
int untraceable_kprobe(void *ctx)
{
	return 0;
}

SEC("ksyscall/opneat")
int no_ksyscall(void *ctx)
{
	return 0;
}

SEC("fentry/vfs_raed")
int no_fentry(void *ctx)
{
	return 0;
}

SEC("fentry/vfs_read")
int good_fentry(void *ctx)
{
	return 0;
}

SEC("lsm/socket_conect")
int no_lsm(void *ctx)
{
	return 0;
}

SEC("iter/taks")
int no_iterator(void *ctx)
{
	return 0;
}

SEC("uprobe/libc.so.6:getadrinfo")
int no_symbol(void *ctx)
{
	return 0;
}

SEC("uprobe//no/such/library.so:main")
int no_binary(void *ctx)
{
	return 0;
}

SEC("kprobe.multi/vfs_*")
int on_kprobe_multi(void *ctx)
{
	return 0;
}

SEC("uprobe")
int on_uprobe(void *ctx)
{
	return 0;
}

SEC("cgroup_skb/egress")
int on_cgroup(void *ctx)
{
	return 1;
}

SEC("xdp")
int on_xdp(void *ctx)
{
	return XDP_PASS;
}

/* what the kernel's types are needed for */
SEC("raw_tp/sys_enter")
int on_sys_enter(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, tgid);
}

SEC("netfilter")
int on_netfilter(void *ctx)
{
	return 1;
}
