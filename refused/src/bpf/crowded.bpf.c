// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* clang-format off */
#define MAP(name)                                                                                  \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(max_entries, 1);                                                            \
		__type(key, __u32);                                                                \
		__type(value, __u32);                                                              \
	} name SEC(".maps");
#define MAPS_10(name)                                                                              \
	MAP(name##0) MAP(name##1) MAP(name##2) MAP(name##3) MAP(name##4)                           \
	MAP(name##5) MAP(name##6) MAP(name##7) MAP(name##8) MAP(name##9)
#define MAPS_100(name)                                                                             \
	MAPS_10(name##0) MAPS_10(name##1) MAPS_10(name##2) MAPS_10(name##3) MAPS_10(name##4)       \
	MAPS_10(name##5) MAPS_10(name##6) MAPS_10(name##7) MAPS_10(name##8) MAPS_10(name##9)
#define MAPS_1000(name)                                                                            \
	MAPS_100(name##0) MAPS_100(name##1) MAPS_100(name##2) MAPS_100(name##3) MAPS_100(name##4)  \
	MAPS_100(name##5) MAPS_100(name##6) MAPS_100(name##7) MAPS_100(name##8) MAPS_100(name##9)
/* clang-format on */

/* 3,000 maps, each of which takes a file descriptor */
MAPS_1000(a)
MAPS_1000(b)
MAPS_1000(c)

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	return 0;
}
