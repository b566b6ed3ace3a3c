/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* include after vmlinux.h or linux/bpf.h */
#include <bpf/bpf_helpers.h>

#define BPFAPPS_MAX_CPUS 1024

/* stages of losses; core's `Lost` describes them */
enum bpfapps_stage {
	BPFAPPS_RING_FULL = 0, /* an event found the ring buffer full */
	BPFAPPS_MAP_FULL = 1,  /* an entry found its map full */
	BPFAPPS_STAGES,
};

/* elements of map `reader`: a cache line with whether it is awake, then the counters */
#define BPFAPPS_AWAKE    0
#define BPFAPPS_COUNTERS 8

/*
 * Memory shared with the reader, which maps it: whether the reader polls the ring by itself, and
 * the losses by stage and CPU.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BPFAPPS_COUNTERS + BPFAPPS_STAGES * BPFAPPS_MAX_CPUS);
	__type(key, __u32);
	__type(value, __u64);
} reader SEC(".maps");

static __always_inline void bpfapps_count_lost(enum bpfapps_stage stage)
{
	__u32 cpu = bpf_get_smp_processor_id() % BPFAPPS_MAX_CPUS;
	__u32 key = BPFAPPS_COUNTERS + stage * BPFAPPS_MAX_CPUS + cpu;
	__u64 *count = bpf_map_lookup_elem(&reader, &key);

	/* hard interrupts may come in between on this CPU, so an atomic add */
	if (count)
		__sync_fetch_and_add(count, 1);
}
