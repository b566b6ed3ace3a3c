// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#ifdef FIXED
SEC("raw_tracepoint/sys_enter")
#else
SEC("raw_tracpoint/sys_enter")
#endif
int handle_enter(void *ctx)
{
	return bpf_get_smp_processor_id(); /* here */
}
