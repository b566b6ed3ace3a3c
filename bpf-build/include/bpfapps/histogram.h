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

static __always_inline void bpfapps_bucket_add(__u64 *buckets, __u64 bucket)
{
	if (bucket >= BPFAPPS_BUCKETS)
		bucket = BPFAPPS_BUCKETS - 1;
	__sync_fetch_and_add(&buckets[bucket], 1);
}

/* adds a value to a histogram by powers of two */
static __always_inline void bpfapps_log2_add(bpfapps_log2 *histogram, __u64 value)
{
	__sync_fetch_and_add(&histogram->sum, value);
	bpfapps_bucket_add(histogram->buckets, bpfapps_bits(value));
}

/* adds a value to a histogram with steps; `min` and `step` are those of its BPFAPPS_LINEAR */
static __always_inline void bpfapps_linear_add(bpfapps_linear *histogram, __u64 value, __u64 min,
					       __u64 step)
{
	__sync_fetch_and_add(&histogram->sum, value);
	bpfapps_bucket_add(histogram->buckets, value < min ? 0 : (value - min) / step + 1);
}
