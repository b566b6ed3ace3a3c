/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* include after vmlinux.h or linux/bpf.h */
#include <bpf/bpf_helpers.h>

/* an IP address has 16 bytes: IPv4 as ::ffff:a.b.c.d */
#define BPFAPPS_ADDRESS_LEN 16

static __always_inline void bpfapps_set_ipv4(__u8 *address, __u32 network_order)
{
	__builtin_memset(address, 0, 10);
	__builtin_memset(address + 10, 0xff, 2);
	__builtin_memcpy(address + 12, &network_order, sizeof(network_order));
}

/* addresses that begin alike, as core's net::Prefix makes a key of them */
struct bpfapps_prefix {
	__u32 length; /* in bits: an IPv4 address begins at bit 96 */
	__u8 address[BPFAPPS_ADDRESS_LEN];
};

#define BPFAPPS_MAX_PREFIXES 1024

/* members of a map that user space fills with prefixes before the programs run */
#define BPFAPPS_PREFIXES                                                                           \
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);                                                       \
	__uint(map_flags, BPF_F_NO_PREALLOC);                                                      \
	__uint(max_entries, BPFAPPS_MAX_PREFIXES);                                                 \
	__type(key, struct bpfapps_prefix);                                                        \
	__type(value, __u8)

/* whether an address begins like one of them */
static __always_inline int bpfapps_matches(void *prefixes, const __u8 *address)
{
	struct bpfapps_prefix key = {.length = 8 * BPFAPPS_ADDRESS_LEN};

	__builtin_memcpy(key.address, address, sizeof(key.address));
	return bpf_map_lookup_elem(prefixes, &key) != 0;
}
