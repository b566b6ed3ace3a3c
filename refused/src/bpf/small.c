// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* the smallest object with a map: each of them is compiled in a way that libbpf does not take */

#define SEC(name) __attribute__((section(name), used))

#ifdef LEGACY
struct {
	unsigned int type, key_size, value_size, max_entries, flags;
} counts SEC("maps") = { 2, 4, 8, 1, 0 };
#else
struct {
	int (*type)[2];
	int (*max_entries)[1];
	int *key;
	long *value;
} counts SEC(".maps");
#endif

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("socket")
int handle_packet(void *ctx)
{
	return 0;
}
