/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* include after vmlinux.h or linux/bpf.h */
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/prefix.h>
#include <bpfapps/record.h>

/* the headers of a packet: a member of a record */
struct bpfapps_packet {
	bpfapps_protocol protocol;
	__u8 tcp_flags BPFAPPS_HIDDEN; /* 0 if it is not TCP */
	bpfapps_port source_port;      /* 0 if the protocol has none, and in later fragments */
	bpfapps_port destination_port;
	__u16 reserved;
	bpfapps_address source BPFAPPS_ABOUT("The remote address.");
	bpfapps_address destination BPFAPPS_ABOUT("The address that it goes to.");
};

/* these do not change, and which header has them depends on what else was included */
#define BPFAPPS_TCP  6
#define BPFAPPS_UDP  17
#define BPFAPPS_SCTP 132

struct bpfapps_ipv4 {
	__u8 version_and_length;
	__u8 tos;
	__u16 total_length;
	__u16 id;
	__u16 fragment;
	__u8 ttl;
	__u8 protocol;
	__u16 checksum;
	__u32 source;
	__u32 destination;
};

struct bpfapps_ipv6 {
	__u32 version_and_flow;
	__u16 length;
	__u8 next;
	__u8 hop_limit;
	__u8 source[BPFAPPS_ADDRESS_LEN];
	__u8 destination[BPFAPPS_ADDRESS_LEN];
};

/* copies `len` bytes from `offset` behind the start of the IP header; not 0 where they are not
 * there */
typedef long (*bpfapps_load)(void *from, __u32 offset, void *to, __u32 len);

/* IPv6 has options in headers of their own: this many are skipped */
#define BPFAPPS_EXTENSIONS 4

/*
 * Reads the headers of a packet; returns false if it is not IP. `load` is a function known at
 * compile time, so that the call is inlined.
 */
static __always_inline int bpfapps_parse(void *from, bpfapps_load load, struct bpfapps_packet *p)
{
	__u32 offset, later_fragment = 0;
	__u8 version = 0, flags = 0;
	__u16 ports[2];

	__builtin_memset(p, 0, sizeof(*p));
	if (load(from, 0, &version, sizeof(version)))
		return 0;
	if (version >> 4 == 4) {
		struct bpfapps_ipv4 ip;

		if (load(from, 0, &ip, sizeof(ip)))
			return 0;
		bpfapps_set_ipv4(p->source, ip.source);
		bpfapps_set_ipv4(p->destination, ip.destination);
		p->protocol = ip.protocol;
		later_fragment = ip.fragment & bpf_htons(0x1fff);
		offset = (ip.version_and_length & 15) * 4;
	} else if (version >> 4 == 6) {
		struct bpfapps_ipv6 ip;

		if (load(from, 0, &ip, sizeof(ip)))
			return 0;
		__builtin_memcpy(p->source, ip.source, sizeof(p->source));
		__builtin_memcpy(p->destination, ip.destination, sizeof(p->destination));
		p->protocol = ip.next;
		offset = sizeof(ip);
#pragma unroll
		for (int i = 0; i < BPFAPPS_EXTENSIONS; i++) {
			__u8 extension[4];

			/* hop-by-hop options, routing, fragment, destination options */
			if (p->protocol != 0 && p->protocol != 43 && p->protocol != 44 &&
			    p->protocol != 60)
				break;
			if (load(from, offset, extension, sizeof(extension)))
				return 1;
			if (p->protocol == 44) {
				later_fragment = (extension[2] << 8 | extension[3]) >> 3;
				offset += 8;
			} else {
				offset += 8 + extension[1] * 8;
			}
			p->protocol = extension[0];
		}
	} else {
		return 0;
	}

	if (later_fragment)
		return 1;
	if (p->protocol != BPFAPPS_TCP && p->protocol != BPFAPPS_UDP && p->protocol != BPFAPPS_SCTP)
		return 1;
	if (load(from, offset, ports, sizeof(ports)))
		return 1;
	p->source_port = bpf_ntohs(ports[0]);
	p->destination_port = bpf_ntohs(ports[1]);
	if (p->protocol == BPFAPPS_TCP && !load(from, offset + 13, &flags, sizeof(flags)))
		p->tcp_flags = flags;
	return 1;
}
