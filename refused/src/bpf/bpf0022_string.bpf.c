// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* needs Linux 5.17 */
SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	char comm[16];
#ifdef FIXED
	static const char shell[] = "bash";
#else
	char shell[] = "bash";
#endif

	bpf_get_current_comm(comm, sizeof(comm));
	return bpf_strncmp(comm, sizeof(comm), shell); /* here */
}
