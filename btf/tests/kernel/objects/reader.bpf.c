// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* reads kernel types in each way that clang and libbpf know; kernel.c has these types */

/* of libbpf's headers no more than this, so that the test needs none */
#define SEC(name)                    __attribute__((section(name), used))
#define bpf_core_field_offset(field) __builtin_preserve_field_info(field, 0)
#define bpf_core_field_size(field)   __builtin_preserve_field_info(field, 1)
#define bpf_core_field_exists(field) __builtin_preserve_field_info(field, 2)
#define bpf_core_field_signed(field) __builtin_preserve_field_info(field, 3)
#define bpf_core_field_lshift(field) __builtin_preserve_field_info(field, 4)
#define bpf_core_field_rshift(field) __builtin_preserve_field_info(field, 5)
#define bpf_core_type_exists(type)   __builtin_preserve_type_info(*(type *)0, 0)
#define bpf_core_type_size(type)     __builtin_preserve_type_info(*(type *)0, 1)
/* the test makes the other question of it: clang has it since version 15 */
#define bpf_core_type_matches                   bpf_core_type_exists
#define bpf_core_enum_value_exists(type, value) __builtin_preserve_enum_value(*(type *)value, 0)
#define bpf_core_enum_value(type, value)        __builtin_preserve_enum_value(*(type *)value, 1)

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct inner {
	long deep;
};

typedef struct inner inner_t;

struct outer {
	struct {
		union {
			int hidden;
			char bytes[4];
		};
	};
	int numbers[4];
	inner_t inners[3];
	unsigned int low : 3, high : 7;
	signed short narrow;
	const volatile inner_t *pointer;
	long moved;
	int flexible[];
};

/* the kernel has two of these names, with one meaning */
struct twice {
	int same;
};

struct outer___old {
	int removed;
	char moved[3];
};

/* in the kernel `empty` is not the last member */
struct zero {
	int empty[0];
};

#pragma clang attribute pop

/* a typedef of no struct: clang keeps the name */
typedef int (*callback_t)(struct outer *, int);
typedef unsigned long gone_t;

enum color {
	RED,
	GREEN,
	GREEN___old,
	PURPLE,
};

enum plain {
	PLAIN,
};

enum matching_enum {
	WIDE = 1,
};

struct behind {
	int any;
};

/* both names are that of one value in the kernel */
enum shade {
	DARK,
	DARK___old,
};

/* the test asks whether types of this name match */
struct matching {
	int one;
	enum shade shade;
	struct behind *pointer;
	int (*call)(struct behind *, char);
};

struct matching___wrong {
	char *one;
};

struct matching___more {
	enum color color;
};

#define USE(value) (sum = sum * 31 + (long)(value))

SEC("socket")
int read_all(void *ctx)
{
	struct outer *outer = 0;
	struct outer___old *old = 0;
	struct twice *twice = 0;
	struct zero *zero = 0;
	long sum = 1;

	USE(bpf_core_field_offset(outer->hidden));
	USE(bpf_core_field_offset(outer->bytes[2]));
	USE(bpf_core_field_offset(outer->numbers[3]));
	USE(bpf_core_field_offset(outer->inners[2].deep));
	USE(bpf_core_field_offset(outer[2].moved));
	USE(bpf_core_field_offset(outer->flexible[5]));
	USE(bpf_core_field_offset(outer->pointer));
	USE(bpf_core_field_size(outer->numbers));
	USE(bpf_core_field_size(outer->inners));
	USE(bpf_core_field_exists(outer->narrow));
	USE(bpf_core_field_exists(old->removed));
	USE(bpf_core_field_exists(old->moved));
	USE(bpf_core_field_exists(zero->empty));
	USE(bpf_core_field_exists(zero->empty[2]));
	USE(bpf_core_field_offset(twice->same));
	USE(bpf_core_field_signed(outer->narrow));
	USE(bpf_core_field_signed(outer->high));
	USE(bpf_core_field_offset(outer->high));
	USE(bpf_core_field_size(outer->high));
	USE(bpf_core_field_lshift(outer->high));
	USE(bpf_core_field_rshift(outer->high));
	USE(bpf_core_field_lshift(outer->low));

	USE(bpf_core_type_exists(struct outer));
	USE(bpf_core_type_exists(inner_t));
	USE(bpf_core_type_exists(callback_t));
	USE(bpf_core_type_exists(gone_t));
	USE(bpf_core_type_size(struct matching));
	USE(bpf_core_type_size(enum color));
	USE(bpf_core_type_matches(struct matching));
	USE(bpf_core_type_matches(struct matching___wrong));
	USE(bpf_core_type_matches(struct matching___more));
	USE(bpf_core_type_matches(enum matching_enum));

	USE(bpf_core_enum_value_exists(enum color, GREEN));
	USE(bpf_core_enum_value_exists(enum color, PURPLE));
	USE(bpf_core_enum_value(enum color, RED));
	USE(bpf_core_enum_value(enum matching_enum, WIDE));
	USE(bpf_core_enum_value(enum plain, PLAIN));
	return sum;
}
