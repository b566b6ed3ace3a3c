// SPDX-License-Identifier: BSD-3-Clause
/*
 * `runtime PROG_ID...`: has the kernel measure how long BPF programs run, as long as it runs
 * itself. For each line on stdin it writes one for each program, `name nanoseconds runs`, and an
 * empty one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <bpf/bpf.h>

static int fail(const char *what)
{
	fprintf(stderr, "error: failed to ");
	perror(what);
	return 1;
}

static int report(__u32 id)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0 || bpf_prog_get_info_by_fd(fd, &info, &size))
		return fail("look at a BPF program");
	close(fd);
	printf("%s %llu %llu\n", info.name, info.run_time_ns, info.run_cnt);
	return 0;
}

int main(int argc, char **argv)
{
	char line[16];
	int i;

	/* counted as long as this file is open, whatever ends this program */
	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
		return fail("enable BPF statistics");
	while (fgets(line, sizeof(line), stdin)) {
		for (i = 1; i < argc; i++) {
			if (report(strtoul(argv[i], NULL, 10)))
				return 1;
		}
		printf("\n");
		fflush(stdout);
	}
	return 0;
}
