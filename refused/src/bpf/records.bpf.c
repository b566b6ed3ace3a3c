// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/ringbuf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8192);
} rb SEC(".maps");

/* of one, the compiler writes out the zeroes, of the other it does not; both have an odd end */
struct small {
	__u16 size;
	__u8 rest[19];
};

struct large {
	__u16 size;
	__u8 rest[1025];
};

/* fills the ring with bytes that are not zero */
SEC("tc")
int dirty(void *ctx)
{
	struct small *e;
	int i, j;

	for (i = 0; i < 1024; i++) {
		e = bpfapps_reserve_raw(&rb, small);
		if (!e)
			break;
		for (j = 0; j < sizeof(*e); j++)
			((volatile __u8 *)e)[j] = 0xff;
		bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	}
	return 0;
}

/* each writes the first member alone */
SEC("tc")
int reserve_small(void *ctx)
{
	struct small *e = bpfapps_reserve(&rb, small);

	if (!e)
		return 1;
	e->size = sizeof(*e);
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tc")
int reserve_large(void *ctx)
{
	struct large *e = bpfapps_reserve(&rb, large);

	if (!e)
		return 1;
	e->size = sizeof(*e);
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tc")
int reserve_raw(void *ctx)
{
	struct large *e = bpfapps_reserve_raw(&rb, large);

	if (!e)
		return 1;
	e->size = sizeof(*e);
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}
