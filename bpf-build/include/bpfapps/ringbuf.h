/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* include after vmlinux.h or linux/bpf.h */
#include <bpfapps/lost.h>

/*
 * Zeroes a new record, whose size is a constant. The compiler writes a large one out as calls of
 * memset, which BPF has not: a loop, which it may not turn into one.
 */
static __always_inline void bpfapps_zero(void *record, __u32 size)
{
	__u64 *words = __builtin_assume_aligned(record, 8);
	__u32 i;

	if (size <= 512) {
		__builtin_memset(words, 0, size);
		return;
	}
	for (i = 0; i < size / 8; i++)
		((volatile __u64 *)words)[i] = 0;
	__builtin_memset(words + size / 8, 0, size % 8);
}

/*
 * Reserves a `struct type` in ring buffer `ring`; returns NULL and counts a loss if it is full.
 * Until it is written, the record is what the ring held before: other records. For a program that
 * has measured, and writes every byte.
 */
#define bpfapps_reserve_raw(ring, type)                                                            \
	({                                                                                         \
		struct type *_record = bpf_ringbuf_reserve(ring, sizeof(*_record), 0);             \
		if (!_record)                                                                      \
			bpfapps_count_lost(BPFAPPS_RING_FULL);                                     \
		_record;                                                                           \
	})

/* The same, and the record is zero. Call bpfapps_submit or bpf_ringbuf_discard after it. */
#define bpfapps_reserve(ring, type)                                                                \
	({                                                                                         \
		struct type *_record = bpf_ringbuf_reserve(ring, sizeof(*_record), 0);             \
		if (_record)                                                                       \
			bpfapps_zero(_record, sizeof(*_record));                                   \
		else                                                                               \
			bpfapps_count_lost(BPFAPPS_RING_FULL);                                     \
		_record;                                                                           \
	})

/*
 * Waking the reader takes longer than everything else here. So a reader that polls by itself every
 * few milliseconds, as it does during events, is not woken.
 */
static __always_inline __u64 bpfapps_wake_up_flags(void)
{
	__u32 key = BPFAPPS_AWAKE;
	volatile __u64 *awake = bpf_map_lookup_elem(&reader, &key);

	return awake && *awake ? BPF_RB_NO_WAKEUP : 0;
}

/*
 * After a record without a wake-up: the reader may have gone to sleep before it saw the record.
 * Submitting is a full memory barrier on both sides, so one side sees the other.
 */
static __always_inline void bpfapps_wake_up_late(void *ring, __u64 flags)
{
	void *nothing;

	if (!flags || bpfapps_wake_up_flags())
		return;
	/* without room for it, other records keep the reader awake */
	nothing = bpf_ringbuf_reserve(ring, 8, 0);
	if (nothing)
		bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
}

/* hands over a record that bpfapps_reserve gave */
static __always_inline void bpfapps_submit(void *ring, void *record)
{
	__u64 flags = bpfapps_wake_up_flags();

	bpf_ringbuf_submit(record, flags);
	bpfapps_wake_up_late(ring, flags);
}

/* copies a record into the ring buffer, or counts it as lost: for those whose length varies */
static __always_inline void bpfapps_output(void *ring, void *record, __u64 size)
{
	__u64 flags = bpfapps_wake_up_flags();

	if (bpf_ringbuf_output(ring, record, size, flags))
		bpfapps_count_lost(BPFAPPS_RING_FULL);
	else
		bpfapps_wake_up_late(ring, flags);
}
