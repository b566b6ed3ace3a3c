// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "drain.h"

/* fills a ring buffer with copies of two records, as fast as can be */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* the ring buffer of the program that is measured stands in for this one */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} rb SEC(".maps");

const volatile struct records records = {};

static __always_inline bool output(const volatile struct record *record)
{
	return bpf_ringbuf_output(&rb, (void *)record->data, record->size, 0) == 0;
}

/* how many records did not fit */
SEC("syscall")
int fill(void *ctx)
{
	int i, lost = 0;

	for (i = 0; i < PAIRS; i++)
		lost += !output(&records.exec) + !output(&records.exit);
	return lost;
}
