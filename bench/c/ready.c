// SPDX-License-Identifier: BSD-3-Clause
/*
 * What `cargo xtask bench` holds bpfapps bootstrap against: the shortest way with libbpf in C from
 * main to the first line of output. The BPF object, which OBJECT names, is part of the program, as
 * a skeleton would have it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <bpf/libbpf.h>

__asm__(".section .rodata\n"
	".balign 8\n"
	"object: .incbin \"" OBJECT "\"\n"
	"object_end:\n"
	".previous\n");

extern const char object[], object_end[];

static volatile sig_atomic_t ended;

static void handle_signal(int signal)
{
	ended = 1;
}

/* getting ready is measured, not what comes then */
static int handle_event(void *ctx, void *data, size_t size)
{
	return 0;
}

static int is_fallback(struct bpf_program *prog)
{
	const char *end = strrchr(bpf_program__name(prog), '_');

	return end && !strcmp(end, "_raw");
}

static int fail(const char *what)
{
	fprintf(stderr, "error: failed to %s: %s\n", what, strerror(errno));
	return 1;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handle_signal};
	struct ring_buffer *ring;
	struct bpf_program *prog;
	struct bpf_object *obj;
	int err;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);

	obj = bpf_object__open_mem(object, object_end - object, NULL);
	if (!obj)
		return fail("open BPF object");
	/* kernels without BTF need them; bootstrap, too, leaves them out */
	prog = NULL;
	while ((prog = bpf_object__next_program(obj, prog))) {
		if (is_fallback(prog))
			bpf_program__set_autoload(prog, false);
	}
	if (bpf_object__load(obj))
		return fail("load BPF object");
	while ((prog = bpf_object__next_program(obj, prog))) {
		if (bpf_program__autoload(prog) && !bpf_program__attach(prog))
			return fail("attach BPF programs");
	}
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(obj, "rb"), handle_event, NULL,
				NULL);
	if (!ring)
		return fail("map the ring buffer");
	/* from here on nothing is missed; bootstrap, too, says so once the ring is mapped */
	printf("%-8s %-5s %-16s %-7s %-7s %s\n", "TIME", "EVENT", "COMM", "PID", "PPID",
	       "FILENAME/EXIT CODE");
	fflush(stdout);
	while (!ended) {
		err = ring_buffer__poll(ring, 100);
		if (err < 0 && err != -EINTR)
			return fail("poll the ring buffer");
	}

	ring_buffer__free(ring);
	bpf_object__close(obj);
	return 0;
}
