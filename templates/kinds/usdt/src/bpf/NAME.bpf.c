// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* report only hits whose argument at this place has that value; -1 is any hit */
const volatile __s32 only_arg = -1;
const volatile __s64 only_value = 0;

/* read the argument at this place as a string; -1 is none */
const volatile __s32 string_arg = -1;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* user space attaches it, since it knows where the probe is */
SEC("usdt")
int handle_probe(struct pt_regs *ctx)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	int count = bpf_usdt_arg_cnt(ctx);
	struct event *e;
	long value;

	if (only_arg >= 0 && (bpf_usdt_arg(ctx, only_arg, &value) || value != only_value))
		return 0;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return 0;

	e->time_ns = bpf_ktime_get_boot_ns();
	e->pid = pid_tgid >> 32;
	e->tid = pid_tgid;
	e->cpu = bpf_get_smp_processor_id();
	e->arg_count = count < 0 ? 0 : count > ARGS ? ARGS : count;
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
	for (int i = 0; i < ARGS; i++) {
		value = 0;
		/* one that is not there is zero, and does not count */
		bpf_usdt_arg(ctx, i, &value);
		e->args[i] = value;
	}
	if (string_arg >= 0 && !bpf_usdt_arg(ctx, string_arg, &value))
		bpf_probe_read_user_str(e->string, sizeof(e->string), (void *)value);
	bpfapps_submit(&rb, e);
	return 0;
}
