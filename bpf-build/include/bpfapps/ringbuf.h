/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* include after vmlinux.h or linux/bpf.h */
#include <bpf/bpf_helpers.h>

#define BPFAPPS_MAX_CPUS 1024

/* where something was lost; core's `Lost` has the words for each */
enum bpfapps_stage {
	BPFAPPS_RING_FULL = 0, /* an event found the ring buffer full */
	BPFAPPS_MAP_FULL = 1,  /* what is to be remembered found its map full */
	BPFAPPS_STAGES,
};

/* how often, by stage and CPU; Session::poll maps and reports them */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BPFAPPS_STAGES *BPFAPPS_MAX_CPUS);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

static __always_inline void bpfapps_count_lost(enum bpfapps_stage stage)
{
	__u32 cpu = bpf_get_smp_processor_id() % BPFAPPS_MAX_CPUS;
	__u32 key = stage * BPFAPPS_MAX_CPUS + cpu;
	__u64 *count = bpf_map_lookup_elem(&lost, &key);

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
			bpfapps_count_lost(BPFAPPS_RING_FULL);                                     \
		_record;                                                                           \
	})

/* copies a record into the ring buffer, or counts it as lost: for those whose length varies */
static __always_inline void bpfapps_output(void *ring, void *record, __u64 size)
{
	if (bpf_ringbuf_output(ring, record, size, 0))
		bpfapps_count_lost(BPFAPPS_RING_FULL);
}
