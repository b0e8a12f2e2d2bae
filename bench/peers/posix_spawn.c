// A spawning server in C, see spawnserver.go:
//
//	posix_spawn FILE   FILE is the program to start

#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void check(int ok, const char *what) {
	if (!ok) {
		perror(what);
		exit(1);
	}
}

// spawn_one starts file with three pipes, reads both outputs to their end and reaps the process.
static void spawn_one(char *file) {
	int pipes[3][2], ours[3], theirs[3];
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++) {
		check(pipe2(pipes[i], O_CLOEXEC) == 0, "pipe2");
		theirs[i] = pipes[i][i != 0];
		ours[i] = pipes[i][i == 0];
		posix_spawn_file_actions_adddup2(&actions, theirs[i], i);
	}
	pid_t pid;
	char *argv[] = {file, NULL};
	check(posix_spawn(&pid, file, &actions, NULL, argv, environ) == 0, "posix_spawn");
	posix_spawn_file_actions_destroy(&actions);
	for (int i = 0; i < 3; i++)
		close(theirs[i]);
	static char buf[64 << 10];
	for (int i = 1; i < 3; i++) {
		ssize_t n;
		while ((n = read(ours[i], buf, sizeof buf)) > 0)
			;
		check(n == 0, "read");
	}
	int status;
	check(waitpid(pid, &status, 0) == pid && status == 0, "waitpid");
	for (int i = 0; i < 3; i++)
		close(ours[i]);
}

static void open_files(int count) {
	static int *files, have;
	files = realloc(files, (have > count ? have : count) * sizeof *files + 1);
	check(files != NULL, "realloc");
	for (; have < count; have++) {
		files[have] = have == 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : fcntl(files[0], F_DUPFD_CLOEXEC, 0);
		check(files[have] >= 0, "open");
	}
	while (have > count)
		close(files[--have]);
}

static long long now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv) {
	check(argc == 2, "arguments");
	struct rlimit limit;
	check(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	check(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");

	spawn_one(argv[1]);
	char order[16];
	int count;
	while (scanf("%15s %d", order, &count) == 2) {
		long long answer = count;
		if (strcmp(order, "open") == 0) {
			open_files(count);
		} else {
			long long start = now();
			for (int i = 0; i < count; i++)
				spawn_one(argv[1]);
			answer = now() - start;
		}
		printf("%lld\n", answer);
		fflush(stdout);
	}
	return 0;
}
