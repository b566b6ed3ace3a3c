/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* the types of a kernel, which differ from those of reader.bpf.c in all that may differ */

struct inner {
	int before;
	char deep;
};

typedef const struct inner inner_t;

struct unread {
	long many[100];
};

struct outer {
	long first;
	struct unread whole;
	struct {
		int beside;
		union {
			char bytes[16];
			int hidden;
		};
	};
	long numbers[6];
	inner_t inners[9];
	unsigned int start : 5, high : 9, low : 4;
	short narrow;
	inner_t *pointer;
	unsigned long moved;
	int flexible[];
};

struct twice {
	long before;
	int same;
};

struct twice___again {
	short before;
	long same;
};

struct zero {
	int empty[0];
	int last;
};

typedef int (*callback_t)(struct outer *, int);

enum color {
	BLUE = 7,
	GREEN = 9,
	RED = 11,
	GRAY = 12,
	BLACK = 13,
};

enum matching_enum {
	OTHER = 3,
	WIDE = 5,
};

struct behind {
	int other;
};

enum plain {
	SPARE,
	PLAIN,
};

enum shade {
	LIGHT,
	DIM,
	DARK,
};

struct matching {
	long unread;
	enum color color;
	enum shade shade;
	int one;
	struct behind *pointer;
	int (*call)(struct behind *, char);
};

enum plain plain;
struct outer outer;
struct twice twice;
struct twice___again twice_again;
struct zero zero;
struct matching matching;
enum matching_enum matching_enum;
callback_t callback;
