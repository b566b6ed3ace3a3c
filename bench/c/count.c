// SPDX-License-Identifier: BSD-3-Clause
/*
 * `count attach`: attaches the programs of count.bpf.c until it is interrupted.
 * `count call TIMES`: makes a system call so often.
 * `count fill MAP KEYS`: adds that many keys to the map of that id, and waits until it is empty.
 * `count read KEYS SIZE`: prints how many ns the kernel takes to hand over so many keys, with
 * counts of that size on each CPU.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

__asm__(".section .rodata\n"
	".balign 8\n"
	"object: .incbin \"" OBJECT "\"\n"
	"object_end:\n"
	".previous\n");

extern const char object[], object_end[];

static int fail(const char *what)
{
	fprintf(stderr, "error: failed to %s: %s\n", what, strerror(errno));
	return 1;
}

static int attach(void)
{
	struct bpf_object *opened = bpf_object__open_mem(object, object_end - object, NULL);
	struct bpf_program *program;
	sigset_t signals;
	int signal;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (!opened || bpf_object__load(opened))
		return fail("load programs");
	bpf_object__for_each_program(program, opened)
	{
		if (!bpf_program__attach(program))
			return fail("attach a program");
	}
	printf("EVENT \n");
	fflush(stdout);
	return sigwait(&signals, &signal);
}

static int call(unsigned long times)
{
	while (times--)
		syscall(SYS_getppid);
	return 0;
}

static int fill(__u32 map, unsigned long keys)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int fd = bpf_map_get_fd_by_id(map), cpus = libbpf_num_possible_cpus();
	char key[256] = {}, *value;

	if (fd < 0 || bpf_map_get_info_by_fd(fd, &info, &size) || info.key_size > sizeof(key))
		return fail("open a map");
	value = calloc(cpus, info.value_size);
	while (keys--) {
		memcpy(key, &keys, sizeof(__u32));
		if (bpf_map_update_elem(fd, key, value, BPF_ANY))
			return fail("add a key");
	}
	while (!bpf_map_get_next_key(fd, NULL, key))
		usleep(10000);
	return 0;
}

static int read_all(unsigned int keys, __u32 size)
{
	/* as many at once as the reader of the apps asks for */
	__u32 cpus = libbpf_num_possible_cpus(), batch = (1 << 20) / (sizeof(__u32) + size * cpus);
	int fd = bpf_map_create(BPF_MAP_TYPE_PERCPU_HASH, "table", sizeof(__u32), size, keys, NULL);
	char *of = calloc(batch, sizeof(__u32)), *values = calloc(batch, (size_t)size * cpus);
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	struct timespec start, end;
	__u32 count, next;
	int error = 0;

	if (fd < 0 || !of || !values)
		return fail("make a map");
	for (__u32 key = 0; key < keys; key++) {
		if (bpf_map_update_elem(fd, &key, values, BPF_ANY))
			return fail("add a key");
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (void *from = NULL; !error; from = &next) {
		count = batch;
		error = bpf_map_lookup_and_delete_batch(fd, from, &next, of, values, &count,
							&options);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	if (errno != ENOENT)
		return fail("read a map");
	printf("%lld\n", (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "attach"))
		return attach();
	if (argc == 3 && !strcmp(argv[1], "call"))
		return call(strtoul(argv[2], NULL, 10));
	if (argc == 4 && !strcmp(argv[1], "fill"))
		return fill(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
	if (argc == 4 && !strcmp(argv[1], "read"))
		return read_all(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
	return 2;
}
