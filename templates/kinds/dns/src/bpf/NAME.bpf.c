// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpfapps/prefix.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

#define AF_INET  2
#define AF_INET6 10

/* number of remembered addresses of a host */
#define MAX_ADDRESSES 16

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* report only lookups that failed, and no connects */
const volatile __u32 only_failed = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* a lookup that has not returned yet, by thread */
struct lookup {
	__u64 start;
	const char *host;
	void *list; /* where the result will be stored */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct lookup);
} lookups SEC(".maps");

/* the names that a process has looked up, by result */
struct found {
	__u32 pid;
	__u8 address[BPFAPPS_ADDRESS_LEN];
};

struct host {
	__u8 name[HOST_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct found);
	__type(value, struct host);
} hosts SEC(".maps");

/* a name is too large for the stack */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct host);
} scratch SEC(".maps");

/* as the C library has it, on machines of 64 bits */
struct addrinfo {
	__s32 flags;
	__s32 family;
	__s32 socktype;
	__s32 protocol;
	__u64 address_len;
	void *address;
	char *canonical_name;
	struct addrinfo *next;
};

/* reads a socket address of the program's, and says whether it is one of IP */
static __always_inline int read_address(const void *from, __u8 *address, __u16 *port)
{
	/* struct sockaddr_in is the beginning of it as far as the port */
	struct {
		__u16 family;
		__u16 port;
		__u32 ipv4_or_flow;
		__u8 ipv6[BPFAPPS_ADDRESS_LEN];
	} to = {};

	if (bpf_probe_read_user(&to, 8, from))
		return 0;
	if (port)
		*port = bpf_ntohs(to.port);
	if (to.family == AF_INET) {
		bpfapps_set_ipv4(address, to.ipv4_or_flow);
		return 1;
	}
	if (to.family != AF_INET6 || bpf_probe_read_user(&to, sizeof(to), from))
		return 0;
	__builtin_memcpy(address, to.ipv6, sizeof(to.ipv6));
	return 1;
}

static __always_inline void begin(struct event *e, enum what what)
{
	__u64 thread = bpf_get_current_pid_tgid();

	/* 0 is as much as one helper can write at a time */
	__builtin_memset(e, 0, sizeof(*e));
	e->time_ns = bpf_ktime_get_boot_ns();
	e->what = what;
	e->pid = thread >> 32;
	e->tid = thread;
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
}

/* user space attaches all three, since it knows where the library is */
SEC("uprobe")
int BPF_UPROBE(handle_lookup, const char *host, void *service, void *hints, void *list)
{
	struct lookup lookup = {.start = bpf_ktime_get_boot_ns(), .host = host, .list = list};
	__u64 thread = bpf_get_current_pid_tgid();

	/* without a name it is not a lookup */
	if (host)
		bpf_map_update_elem(&lookups, &thread, &lookup, BPF_ANY);
	return 0;
}

/* remembers which name the addresses in a list have */
static __always_inline void remember(struct addrinfo *list, const struct host *host)
{
	struct found found = {.pid = bpf_get_current_pid_tgid() >> 32};
	struct addrinfo entry;

	/* each round gives the next its place alone: else the verifier would try every way */
	for (int i = 0; i < MAX_ADDRESSES && list; i++) {
		if (bpf_probe_read_user(&entry, sizeof(entry), list))
			break;
		if (read_address(entry.address, found.address, NULL))
			bpf_map_update_elem(&hosts, &found, host, BPF_ANY);
		list = entry.next;
	}
}

SEC("uretprobe")
int BPF_URETPROBE(handle_found, long result)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u8 first[BPFAPPS_ADDRESS_LEN] = {};
	struct lookup *lookup, begun;
	struct addrinfo entry, *list;
	__u32 zero = 0;
	struct host *host;
	struct event *e;

	lookup = bpf_map_lookup_elem(&lookups, &thread);
	host = bpf_map_lookup_elem(&scratch, &zero);
	if (!lookup || !host)
		/* it was called before we attached */
		return 0;
	begun = *lookup;
	bpf_map_delete_elem(&lookups, &thread);

	/* now: the library has read the name, so it is in memory */
	if (bpf_probe_read_user_str(host->name, sizeof(host->name), begun.host) < 0)
		host->name[0] = 0;
	if (!(int)result && !bpf_probe_read_user(&list, sizeof(list), begun.list)) {
		if (!bpf_probe_read_user(&entry, sizeof(entry), list))
			read_address(entry.address, first, NULL);
		remember(list, host);
	}
	if (only_failed && !(int)result)
		return 0;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return 0;
	begin(e, LOOKUP);
	e->duration_ns = e->time_ns - begun.start;
	e->error = result;
	__builtin_memcpy(e->address, first, sizeof(e->address));
	bpf_probe_read_kernel(e->host, sizeof(e->host), host->name);
	bpfapps_submit(&rb, e);
	return 0;
}

SEC("uprobe")
int BPF_UPROBE(handle_connect, long fd, void *address)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct found found = {.pid = thread >> 32};
	struct host *host;
	struct event *e;
	__u16 port = 0;

	if (only_failed)
		return 0;
	/* the library itself connects, for lookups and to sort addresses */
	if (bpf_map_lookup_elem(&lookups, &thread))
		return 0;
	if (!read_address(address, found.address, &port))
		return 0;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return 0;
	begin(e, CONNECT);
	e->port = port;
	__builtin_memcpy(e->address, found.address, sizeof(e->address));
	host = bpf_map_lookup_elem(&hosts, &found);
	if (host)
		bpf_probe_read_kernel(e->host, sizeof(e->host), host->name);
	bpfapps_submit(&rb, e);
	return 0;
}
