/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* include after vmlinux.h or linux/bpf.h; it brings map `reader`, which counts what is lost */
#include <bpfapps/ringbuf.h>

/*
 * Copies a record into perf buffer `map`, or counts it as lost: for kernels before 5.8, which have
 * no ring buffer. `ctx` is the program's argument.
 */
static __always_inline void bpfapps_perf_output(void *ctx, void *map, void *record, __u64 size)
{
	if (bpf_perf_event_output(ctx, map, BPF_F_CURRENT_CPU, record, size))
		bpfapps_count_lost(BPFAPPS_RING_FULL);
}
