// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#ifdef FIXED
extern int bpf_there_is_no_such_thing(int number) __ksym __weak;
#else
extern int bpf_there_is_no_such_thing(int number) __ksym;
#endif

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
#ifdef FIXED
	if (!bpf_ksym_exists(bpf_there_is_no_such_thing))
		return 0;
#endif
	return bpf_there_is_no_such_thing(1); /* here */
}
