/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* include after vmlinux.h or linux/bpf.h */
#include <bpf/bpf_helpers.h>

#define BPFAPPS_MAX_CPUS 1024

/* how many records found the ring buffer full, per CPU; Session::poll maps and reports them */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BPFAPPS_MAX_CPUS);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

static __always_inline void bpfapps_count_lost(void)
{
	__u32 cpu = bpf_get_smp_processor_id() % BPFAPPS_MAX_CPUS;
	__u64 *count = bpf_map_lookup_elem(&lost, &cpu);

	/* hard interrupts may come in between on this CPU, so an atomic add */
	if (count)
		__sync_fetch_and_add(count, 1);
}

/*
 * Reserves a `struct type` in ring buffer `ring`, or counts it as lost and is NULL. The record is
 * not zeroed: write every byte, then submit or discard it.
 */
#define bpfapps_reserve(ring, type)                                                                \
	({                                                                                         \
		struct type *_record = bpf_ringbuf_reserve(ring, sizeof(*_record), 0);             \
		if (!_record)                                                                      \
			bpfapps_count_lost();                                                      \
		_record;                                                                           \
	})
