// SPDX-License-Identifier: BSD-3-Clause
/*
 * `drain SOURCE RING PID VICTIM ROUNDS`: how many nanoseconds of CPU time process PID takes to read
 * a record of RING. SOURCE and RING are ids of ring buffers. A bootstrap that fills SOURCE reports
 * VICTIM, and what it reports is what RING is filled with, again and again: so the layout of a
 * record need not be known here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "drain.h"

__asm__(".section .rodata\n"
	".balign 8\n"
	"object: .incbin \"" OBJECT "\"\n"
	"object_end:\n"
	".previous\n");

extern const char object[], object_end[];

/* a ring buffer as its reader sees it */
struct ring {
	int fd;
	unsigned long size;
	volatile unsigned long *consumed, *produced;
	const char *data;
};

static void fail(const char *what)
{
	fprintf(stderr, "error: failed to %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct ring map_ring(const char *id)
{
	struct bpf_map_info info = {};
	long page = sysconf(_SC_PAGESIZE);
	__u32 size = sizeof(info);
	struct ring ring;
	char *start;

	ring.fd = bpf_map_get_fd_by_id(strtoul(id, NULL, 10));
	if (ring.fd < 0 || bpf_map_get_info_by_fd(ring.fd, &info, &size))
		fail("open a ring buffer");
	ring.size = info.max_entries;
	/* a page for each position, and the data twice, so that no record wraps around */
	start = mmap(NULL, 2 * page + 2 * ring.size, PROT_READ, MAP_SHARED, ring.fd, 0);
	if (start == MAP_FAILED)
		fail("map a ring buffer");
	ring.consumed = (void *)start;
	ring.produced = (void *)(start + page);
	ring.data = start + 2 * page;
	return ring;
}

static unsigned long room(__u32 size)
{
	return (size + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
}

static void copy(struct record *record, const char *data, __u32 size)
{
	if (size > sizeof(record->data)) {
		errno = EMSGSIZE;
		fail("copy a record");
	}
	record->size = size;
	memcpy(record->data, data, size);
}

/* runs the victim, and finds what its exec and exit look like: only that of exec has its path */
static struct records sample(const struct ring *ring, char *victim)
{
	char *argv[] = {victim, NULL}, *environment[] = {NULL};
	const char *name = strrchr(victim, '/') + 1;
	unsigned long position = *ring->produced;
	struct records records = {};
	pid_t pid;

	errno = posix_spawn(&pid, victim, NULL, NULL, argv, environment);
	if (errno || waitpid(pid, NULL, 0) < 0)
		fail("run the victim");
	while (position < *ring->produced) {
		const char *header = ring->data + (position & (ring->size - 1));
		const char *data = header + BPF_RINGBUF_HDR_SZ;
		__u32 size = *(const __u32 *)header;

		size &= ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (memmem(data, size, victim, strlen(victim)))
			copy(&records.exec, data, size);
		else if (memmem(data, size, name, strlen(name)))
			copy(&records.exit, data, size);
		position += room(size);
	}
	if (!records.exec.size || !records.exit.size) {
		errno = ENODATA;
		fail("find the records of the victim");
	}
	return records;
}

/* loads the program that fills a ring buffer with copies of them */
static int load(const struct ring *ring, const struct records *records)
{
	struct bpf_object *obj = bpf_object__open_mem(object, object_end - object, NULL);
	struct bpf_map *map;

	if (!obj)
		fail("open BPF object");
	map = bpf_object__find_map_by_name(obj, ".rodata");
	if (!map || bpf_map__set_initial_value(map, records, sizeof(*records)))
		fail("set the records");
	map = bpf_object__find_map_by_name(obj, "rb");
	if (!map || bpf_map__reuse_fd(map, ring->fd) || bpf_object__load(obj))
		fail("load BPF object");
	return bpf_program__fd(bpf_object__find_program_by_name(obj, "fill"));
}

/* fills half of the ring buffer, and says with how many records */
static unsigned long fill(int prog, const struct ring *ring, const struct records *records)
{
	unsigned long bytes = PAIRS * (room(records->exec.size) + room(records->exit.size));
	unsigned long runs, count = 0;

	for (runs = ring->size / 2 / bytes; runs > 0; runs--) {
		LIBBPF_OPTS(bpf_test_run_opts, opts);

		if (bpf_prog_test_run_opts(prog, &opts))
			fail("run the BPF program");
		if (opts.retval) {
			errno = ENOSPC;
			fail("fill a ring buffer");
		}
		count += 2 * PAIRS;
	}
	return count;
}

static void wait_for_reader(const struct ring *ring)
{
	const struct timespec millisecond = {.tv_nsec = 1000000};
	int patience = 30000;

	while (*ring->consumed != *ring->produced) {
		if (!--patience) {
			errno = ETIMEDOUT;
			fail("see the ring buffer read");
		}
		nanosleep(&millisecond, NULL);
	}
}

static double cpu_time(pid_t pid)
{
	struct timespec time;
	clockid_t clock;

	errno = clock_getcpuclockid(pid, &clock);
	if (errno || clock_gettime(clock, &time))
		fail("read a CPU clock");
	return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int argc, char **argv)
{
	struct ring source, ring;
	struct records records;
	unsigned long count = 0;
	int prog, rounds;
	double before;
	pid_t pid;

	if (argc != 6)
		return 2;
	source = map_ring(argv[1]);
	ring = map_ring(argv[2]);
	pid = atoi(argv[3]);
	records = sample(&source, argv[4]);
	prog = load(&ring, &records);

	before = cpu_time(pid);
	for (rounds = atoi(argv[5]); rounds > 0; rounds--) {
		count += fill(prog, &ring, &records);
		wait_for_reader(&ring);
	}
	printf("%lu %.0f\n", count, cpu_time(pid) - before);
	return 0;
}
