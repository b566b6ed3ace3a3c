/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* include after vmlinux.h or linux/bpf.h */
#include <bpf/bpf_helpers.h>

/* the PID namespace of user space; 0 is the host's, for which any kernel can be asked */
const volatile __u64 pidns_dev = 0;
const volatile __u64 pidns_ino = 0;

/* as bpf_get_current_pid_tgid, by the numbers that user space knows; 0 outside its namespace */
static __always_inline __u64 bpfapps_current_pid_tgid(void)
{
	struct bpf_pidns_info ns = {};

	/* the verifier knows both constants: if they are 0, it never sees the newer helper */
	if (!pidns_ino)
		return bpf_get_current_pid_tgid();
	bpf_get_ns_current_pid_tgid(pidns_dev, pidns_ino, &ns, sizeof(ns));
	return (__u64)ns.tgid << 32 | ns.pid;
}

/* the calling process */
static __always_inline __u32 bpfapps_current_pid(void)
{
	return bpfapps_current_pid_tgid() >> 32;
}
