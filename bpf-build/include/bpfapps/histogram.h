/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* Histograms among the counts of a key: see bpfapps/count.h, and include it after vmlinux.h. */
#include <bpfapps/count.h>

/* the number of bits of `value`: 0 for 0, 1 for 1, 2 for 2 and 3, 3 for 4 to 7 */
static __always_inline __u32 bpfapps_bits(__u64 value)
{
	__u32 bits = 0;

#pragma unroll
	for (int half = 32; half > 0; half /= 2) {
		if (value >> half) {
			value >>= half;
			bits += half;
		}
	}
	return value ? bits + 1 : bits;
}

#define bpfapps_bucket_add(histogram, value, bucket)                                               \
	({                                                                                         \
		__u64 _bucket = (bucket);                                                          \
		if (_bucket >= BPFAPPS_BUCKETS)                                                    \
			_bucket = BPFAPPS_BUCKETS - 1;                                             \
		__sync_fetch_and_add(&(histogram)->sum, value);                                    \
		__sync_fetch_and_add(&(histogram)->buckets[_bucket], 1);                           \
	})

/* adds a value to a histogram by powers of two */
#define bpfapps_log2_add(histogram, value)                                                         \
	({                                                                                         \
		__u64 _value = (value);                                                            \
		bpfapps_bucket_add(histogram, _value, bpfapps_bits(_value));                       \
	})

/* adds a value to a histogram with steps; `min` and `step` are those of its BPFAPPS_LINEAR */
#define bpfapps_linear_add(histogram, value, min, step)                                            \
	({                                                                                         \
		__u64 _value = (value), _min = (min);                                              \
		bpfapps_bucket_add(histogram, _value,                                              \
				   _value < _min ? 0 : (_value - _min) / (step) + 1);              \
	})
