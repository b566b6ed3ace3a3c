/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/*
 * Counts by key, in the kernel. Include it after vmlinux.h or linux/bpf.h. With the structs of the
 * app's header
 *
 *	struct caller {
 *		bpfapps_pid pid;
 *		bpfapps_comm comm;
 *	};
 *
 *	struct calls {
 *		bpfapps_count calls BPFAPPS_ABOUT("Calls of the function.");
 *	};
 *
 *	BPFAPPS_COUNTED(call, caller, calls, "calls", "Calls of the function, by process.");
 *
 * a program counts with
 *
 *	BPFAPPS_COUNTS(table, call, 10240);
 *
 *	counts = bpfapps_counts(&table, call, &caller);
 *	if (counts)
 *		bpfapps_add(&counts->calls, 1);
 *
 * and Session::count of bpfapps-core shows them.
 */
#include <bpfapps/lost.h>
#include <bpfapps/record.h>

#define BPFAPPS_MEMBER(record, member) typeof(((struct record *)0)->member)

/*
 * A table of counts for each key of a BPFAPPS_COUNTED record, with at most `keys` keys between two
 * looks of the reader. It consists of two maps: one is at work, and the reader empties the other.
 * Each CPU has counts of its own. All memory is there from the start, as the kernel can not always
 * get some in a program: twice `keys` counts for each CPU.
 */
#define BPFAPPS_COUNTS(name, record, keys)                                                         \
	struct name##_keys {                                                                       \
		__uint(type, BPF_MAP_TYPE_PERCPU_HASH);                                            \
		__uint(max_entries, keys);                                                         \
		__type(key, BPFAPPS_MEMBER(record, key));                                          \
		__type(value, BPFAPPS_MEMBER(record, counts));                                     \
	} name##_0 SEC(".maps"), name##_1 SEC(".maps");                                            \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                          \
		__uint(max_entries, 1);                                                            \
		__type(key, __u32);                                                                \
		__array(values, struct name##_keys);                                               \
	} name SEC(".maps") = {.values = {&name##_0}}

/*
 * The counts of a key on this CPU, to add to. NULL, which is counted as a loss, if the map is full.
 * Every byte of the key must be set. A macro, as are those below: so the verifier names the line
 * that uses it.
 */
#define bpfapps_counts(table, record, of)                                                          \
	({                                                                                         \
		BPFAPPS_MEMBER(record, counts) *_counts = NULL;                                    \
		__u32 _first = 0;                                                                  \
		void *_keys = bpf_map_lookup_elem(table, &_first);                                 \
		if (_keys)                                                                         \
			_counts = bpf_map_lookup_elem(_keys, of);                                  \
		if (_keys && !_counts) {                                                           \
			/* an interrupt on this CPU may have added it meanwhile */                 \
			bpf_map_update_elem(_keys, of, &_##record.counts, BPF_NOEXIST);            \
			_counts = bpf_map_lookup_elem(_keys, of);                                  \
			if (!_counts)                                                              \
				bpfapps_count_lost(BPFAPPS_MAP_FULL);                              \
		}                                                                                  \
		_counts;                                                                           \
	})

/* interrupts may come in between on this CPU, so an atomic add */
#define bpfapps_add(count, n) ((void)__sync_fetch_and_add(&(count)->total, n))
