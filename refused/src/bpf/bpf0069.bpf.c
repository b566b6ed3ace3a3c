// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#ifdef FIXED
extern int CONFIG_NO_SUCH_OPTION __kconfig __weak;
#else
extern int CONFIG_NO_SUCH_OPTION __kconfig;
#endif

/* needs the configuration of the kernel */
SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	return CONFIG_NO_SUCH_OPTION; /* here */
}
