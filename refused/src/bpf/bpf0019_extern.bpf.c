// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

extern int there_is_no_such_thing(int number);

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	return there_is_no_such_thing(1); /* here */
}
