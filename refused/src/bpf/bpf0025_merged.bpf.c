// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("sockops")
int handle_sock(struct bpf_sock_ops *ops)
{
#ifdef FIXED
	__u64 both = (__u64)ops->remote_ip4 << 32 | ops->local_ip4;
#else
	__u64 both = *(__u64 *)&ops->remote_ip4; /* here */
#endif

	return both == 0;
}
