// SPDX-License-Identifier: BSD-3-Clause
/*
 * `storm N VICTIM`: starts VICTIM so many times, one after the other, each time an exec and an
 * exit. Called without arguments it is the victim, and ends at once.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

int main(int argc, char **argv)
{
	char *victim[] = {argv[argc - 1], NULL}, *environment[] = {NULL};
	int err, status;
	pid_t pid;
	long n;

	if (argc != 3)
		return 0;
	for (n = atol(argv[1]); n > 0; n--) {
		err = posix_spawn(&pid, victim[0], NULL, NULL, victim, environment);
		if (err) {
			fprintf(stderr, "error: failed to start %s: %s\n", victim[0],
				strerror(err));
			return 1;
		}
		if (waitpid(pid, &status, 0) < 0 || status) {
			fprintf(stderr, "error: %s failed\n", victim[0]);
			return 1;
		}
	}
	return 0;
}
