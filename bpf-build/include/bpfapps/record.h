/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/*
 * The header of an app declares each record that it shares with Rust, and how it is shown.
 * bpf-build reads that in BTF, and writes the columns of the table, JSON, YAML and the schema.
 * Include it after vmlinux.h or linux/types.h.
 *
 *	struct event {
 *		bpfapps_boot_ns time_ns;
 *		bpfapps_comm comm;
 *		bpfapps_pid pid;
 *		__u32 reserved;
 *		bpfapps_ns duration_ns BPFAPPS_ABOUT("How long the call took.");
 *	};
 *
 *	BPFAPPS_RECORD(event, "call", "A call of the function has returned.");
 *
 * Columns and fields have the order of the members. A member without one of the types below is a
 * number, a name (of an enum), text (an array of char) or bytes in hexadecimal (an array of __u8).
 * Other arrays are lists; the members of a struct in a record stand in its place. The port of
 * address `x` is `x_port`, or `port` if there is only one address. A member whose name begins with
 * `reserved` is not shown.
 */

/*
 * A stack has the innermost function first, as bpf_get_stack writes it, and zeros after the last
 * frame. A user stack belongs to the record's bpfapps_pid. Functions have names with feature
 * `symbols` of bpfapps-core, and addresses without it.
 */
#ifndef BPFAPPS_STACK_DEPTH
#define BPFAPPS_STACK_DEPTH 64
#endif

/* clang-format off */
/*      type                          table                     JSON */
typedef __u64 bpfapps_boot_ns;     /* local time of day         time, which each document has */
typedef __u64 bpfapps_ns;          /* milliseconds: 12.034      nanoseconds, named x_ns */
typedef char bpfapps_comm[16];     /* text                      text */
typedef __u32 bpfapps_pid;         /* number                    number */
typedef __u32 bpfapps_tid;         /* number                    number */
typedef __u32 bpfapps_uid;         /* number                    number */
typedef __u32 bpfapps_cpu;         /* number                    number */
typedef __u64 bpfapps_cgroup;      /* number                    number: the id of a cgroup v2 */
typedef __u8 bpfapps_bool;         /* yes, no                   true, false */
typedef __s32 bpfapps_errno;       /* ENOENT, with either sign  "ENOENT"; no field for 0 */
typedef __s64 bpfapps_result;      /* 7, or ENOENT              number, and "error" for -4095 to -1 */
typedef __u32 bpfapps_signal;      /* SIGTERM                   "SIGTERM" */
typedef __u32 bpfapps_exit_status; /* 7, or SIGKILL             exit_code, or signal and core_dumped */
typedef __u32 bpfapps_syscall;     /* openat                    "openat" */
typedef __u16 bpfapps_mode;        /* -rw-r--r--                "-rw-r--r--" */
typedef __u64 bpfapps_bytes;       /* 512, or 12.3K             number */
typedef __u64 bpfapps_hex;         /* 0x1f                      "0x1f" */
typedef __u32 bpfapps_percent;     /* 12.34%, from 1234         12.34 */
typedef __u8 bpfapps_address[16];  /* 192.0.2.1, 2001:db8::1    "192.0.2.1"; kept as ::ffff:192.0.2.1 */
typedef __u32 bpfapps_ipv4;        /* 192.0.2.1                 "192.0.2.1"; kept as in a packet */
typedef __u16 bpfapps_port;        /* behind its address        number; kept in host byte order */
typedef __u8 bpfapps_protocol;     /* tcp                       "tcp" */
typedef __u8 bpfapps_tcp_flags;    /* SYN ACK                   ["SYN", "ACK"] */
typedef __u32 bpfapps_ifindex;     /* eth0                      "eth0" */
typedef __u64 bpfapps_kernel_stack[BPFAPPS_STACK_DEPTH]; /* vfs_read < ksys_read  list of text */
typedef __u64 bpfapps_user_stack[BPFAPPS_STACK_DEPTH];   /* read < main           list of text */

/*
 * Texts of any length may follow a record, one after another: send them with bpfapps_output. A
 * member of these types is the length of its text.
 */
typedef __u16 bpfapps_text;        /* text                      text */
typedef __u16 bpfapps_words;       /* words, quoted if needed   list; each word ends with a NUL */
/* clang-format on */

/*
 * Counts of a key, for BPFAPPS_COUNTED: see bpfapps/count.h and bpfapps/histogram.h. What a
 * histogram shows depends on the end of its name: x_ns are times, x_bytes are sizes, others are
 * numbers.
 */
struct bpfapps_count {
	__u64 total;
	__u64 rate; /* hundredths a second, which the reader sets */
};
typedef struct bpfapps_count bpfapps_count; /* 1234, and of the first count 12.34 a second */

#define BPFAPPS_BUCKETS 64

struct bpfapps_log2 {
	__u64 sum;
	__u64 buckets[BPFAPPS_BUCKETS]; /* 0, 1, 2 to 3, 4 to 7 …: the last one has no end */
};
typedef struct bpfapps_log2 bpfapps_log2; /* p50, p90, p99, and bars */

struct bpfapps_linear {
	__u64 sum;
	__u64 buckets[BPFAPPS_BUCKETS]; /* below MIN, of STEP each, and a last one without an end */
};
typedef struct bpfapps_linear bpfapps_linear; /* as above; it needs BPFAPPS_LINEAR */

#define BPFAPPS_TAG(text) __attribute__((btf_decl_tag("bpfapps:" text)))

/* description of a member, for the schema */
#define BPFAPPS_ABOUT(text) BPFAPPS_TAG("about:" text)

/* another title than its name, and another width than its type has */
#define BPFAPPS_COLUMN(title, width) BPFAPPS_TAG("column:" title ":" #width)

/* the table has no column for it: it is in JSON and YAML only */
#define BPFAPPS_NO_COLUMN BPFAPPS_TAG("no_column")

/* it is not shown at all */
#define BPFAPPS_HIDDEN BPFAPPS_TAG("hidden")

/* 0 and empty text mean nothing: `-` in the table, and no field */
#define BPFAPPS_OPTIONAL BPFAPPS_TAG("optional")

/* an enum whose enumerators are bits */
#define BPFAPPS_FLAGS BPFAPPS_TAG("flags")

/* of an array as many elements as that member says */
#define BPFAPPS_COUNTED_BY(member) BPFAPPS_TAG("counted_by:" #member)

/* the table has no bars for this histogram */
#define BPFAPPS_NO_BARS BPFAPPS_TAG("no_bars")

/* the first bucket of a bpfapps_linear ends below `min`, and the others have `step` values each */
#define BPFAPPS_LINEAR(min, step) BPFAPPS_TAG("linear:" BPFAPPS_TEXT(min) ":" BPFAPPS_TEXT(step))
#define BPFAPPS_TEXT(value)       BPFAPPS_TEXT_OF(value)
#define BPFAPPS_TEXT_OF(value)    #value

/*
 * An enum that selects the type of document of a record: one tag for each enumerator. BPFAPPS_ONLY
 * lists the types that have a member.
 */
#define BPFAPPS_KIND(enumerator, about) BPFAPPS_TAG("kind:" #enumerator ":" about)
#define BPFAPPS_ONLY(...)               BPFAPPS_TAG("only:" #__VA_ARGS__)

/*
 * Makes struct `name` known to user space, because BTF only has types of globals. Rust gets a type
 * of that name. The further arguments are the type of its document, and its description.
 */
#define BPFAPPS_RECORD(name, ...) BPFAPPS_ANCHOR(name, ##__VA_ARGS__, #name, "", )
#define BPFAPPS_ANCHOR(name, type, about, ...)                                                     \
	struct name _##name BPFAPPS_TAG("record:" type ":" about) = {}

/*
 * Declares struct `name`: what is counted, by key. `key_type` is a struct with fields as of a
 * record, and `counts_type` one with counts and histograms. The further arguments are as above.
 */
#define BPFAPPS_COUNTED(name, key_type, counts_type, ...)                                          \
	struct name {                                                                              \
		struct counts_type counts;                                                         \
		/* 1: all keys that are not counted by themselves, which the reader makes */       \
		__u64 other BPFAPPS_TAG("counted");                                                \
		struct key_type key;                                                               \
	};                                                                                         \
	BPFAPPS_RECORD(name, ##__VA_ARGS__)
