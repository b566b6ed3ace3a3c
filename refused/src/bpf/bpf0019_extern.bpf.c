// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#ifdef FIXED
static __always_inline int there_is_no_such_thing(int number)
{
	return number;
}
#else
extern int there_is_no_such_thing(int number);
#endif

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	return there_is_no_such_thing(1); /* here */
}
