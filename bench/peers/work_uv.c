// The orders of work.go by libuv, on its default loop: work_uv FILE BENCH SLEEPER. libuv does not split lines, so this program
// does.

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

enum { chunk = 64 << 10, most_slots = 3 };

static const char shell_command[] = "echo hello", shell_output[] = "hello\n";

static uv_loop_t *loop;
static char *file, *bench, *sleeper;

static void check(int ok, const char *what) {
	if (!ok) {
		fprintf(stderr, "work_uv: error: %s\n", what);
		exit(1);
	}
}

static void uv_check(int status, const char *what) {
	if (status < 0) {
		fprintf(stderr, "work_uv: error: %s: %s\n", what, uv_strerror(status));
		exit(1);
	}
}

static long long now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// child is a process with its pipes. It is freed when all of its handles are closed.
struct child {
	uv_process_t process;
	uv_pipe_t pipes[most_slots];
	int open;                              // handles that are not closed
	void (*on_data)(char *data, size_t n); // gets stdout's data; NULL: it is dropped
	void (*on_close)(void);
};

static void closed(uv_handle_t *h) {
	struct child *c = h->data;
	if (--c->open > 0)
		return;
	void (*on_close)(void) = c->on_close;
	free(c);
	if (on_close)
		on_close();
}

static void exited(uv_process_t *p, int64_t status, int signal) {
	check(status == 0 && signal == 0, "exit status");
	struct child *c = p->data;
	if (c->pipes[0].data && !uv_is_closing((uv_handle_t *)&c->pipes[0]))
		uv_close((uv_handle_t *)&c->pipes[0], closed);
	uv_close((uv_handle_t *)p, closed);
}

// One buffer is enough, because the data is used before the next read.
static void allocate(uv_handle_t *h, size_t suggested, uv_buf_t *buf) {
	static char data[chunk];
	*buf = uv_buf_init(data, sizeof data);
}

static void got(uv_stream_t *s, ssize_t n, const uv_buf_t *buf) {
	struct child *c = s->data;
	if (n > 0 && c->on_data && s == (uv_stream_t *)&c->pipes[1])
		c->on_data(buf->base, n);
	if (n < 0) {
		check(n == UV_EOF, "read");
		uv_close((uv_handle_t *)s, closed);
	}
}

// start starts a program with pipes at the slots whose bit is set; the others are /dev/null, and stderr is inherited.
static struct child *start(char **args, int pipes) {
	struct child *c = calloc(1, sizeof *c);
	check(c != NULL, "calloc");
	uv_stdio_container_t stdio[most_slots] = {{.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = 2}};
	for (int i = 0; i < most_slots; i++) {
		if (!(pipes & 1 << i))
			continue;
		uv_check(uv_pipe_init(loop, &c->pipes[i], 0), "pipe");
		c->pipes[i].data = c;
		c->open++;
		stdio[i].flags = UV_CREATE_PIPE | (i == 0 ? UV_READABLE_PIPE : UV_WRITABLE_PIPE);
		stdio[i].data.stream = (uv_stream_t *)&c->pipes[i];
	}
	uv_process_options_t options = {
		.exit_cb = exited, .file = args[0], .args = args, .stdio_count = most_slots, .stdio = stdio,
	};
	c->process.data = c;
	c->open++;
	uv_check(uv_spawn(loop, &c->process, &options), "spawn");
	for (int i = 1; i < most_slots; i++)
		if (pipes & 1 << i)
			uv_check(uv_read_start((uv_stream_t *)&c->pipes[i], allocate, got), "read_start");
	return c;
}

static long to_start; // children

static void spawn_next(void) {
	if (to_start == 0)
		return;
	to_start--;
	start((char *[]){file, NULL}, 7)->on_close = spawn_next;
}

static void spawn(long count, long in_flight) {
	to_start = count;
	for (long i = 0; i < in_flight; i++)
		spawn_next();
	uv_run(loop, UV_RUN_DEFAULT);
}

static size_t total; // bytes of output

static void count_bytes(char *data, size_t n) { total += n; }

static void shell_next(void) {
	if (total > 0) {
		check(total == sizeof shell_output - 1, "output of the shell");
		total = 0;
	}
	if (to_start == 0)
		return;
	to_start--;
	struct child *c = start((char *[]){"/bin/sh", "-c", (char *)shell_command, NULL}, 2);
	c->on_data = count_bytes;
	c->on_close = shell_next;
}

static void shell(long count) {
	to_start = count;
	total = 0;
	shell_next();
	uv_run(loop, UV_RUN_DEFAULT);
}

static uv_timer_t timer;
static long long last, longest;

static void fired(uv_timer_t *t) {
	long long at = now();
	if (at - last > longest)
		longest = at - last;
	last = at;
}

static void gap_next(void) {
	if (to_start == 0) {
		fired(&timer);
		uv_timer_stop(&timer);
		return;
	}
	to_start--;
	start((char *[]){file, NULL}, 7)->on_close = gap_next;
}

static long long gap(long count) {
	to_start = count;
	longest = 0;
	last = now();
	uv_check(uv_timer_start(&timer, fired, 1, 1), "timer");
	gap_next();
	uv_run(loop, UV_RUN_DEFAULT);
	return longest;
}

static long timers_fired;

static void count_fired(uv_timer_t *t) { timers_fired++; }

static uv_timer_t *new_timers(long count) {
	uv_timer_t *timers = calloc(count, sizeof *timers);
	check(timers != NULL, "calloc");
	for (long i = 0; i < count; i++)
		uv_check(uv_timer_init(loop, &timers[i]), "timer");
	return timers;
}

static void free_timers(uv_timer_t *timers, long count) {
	for (long i = 0; i < count; i++)
		uv_close((uv_handle_t *)&timers[i], NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	free(timers);
}

static long long fire_timers(long count) {
	long long begin = now();
	uv_timer_t *timers = new_timers(count);
	timers_fired = 0;
	for (long i = 0; i < count; i++) {
		uv_update_time(loop); // A delay counts from the call, as that of other contestants.
		uv_check(uv_timer_start(&timers[i], count_fired, i * 7919 % 100, 0), "timer");
	}
	uv_run(loop, UV_RUN_DEFAULT);
	long long took = now() - begin;
	check(timers_fired == count, "timers");
	free_timers(timers, count);
	return took;
}

static long long reset_timers(long count) {
	enum { living = 1024, hour = 3600 * 1000 };
	uv_timer_t *timers = new_timers(living);
	for (long i = 0; i < living; i++)
		uv_check(uv_timer_start(&timers[i], count_fired, hour, 0), "timer");
	long long begin = now();
	for (long i = 0; i < count; i++) {
		uv_update_time(loop);
		uv_check(uv_timer_start(&timers[i % living], count_fired, hour, 0), "timer");
	}
	long long took = now() - begin;
	free_timers(timers, living);
	return took;
}

static void read_all(char *amount, long children) {
	total = 0;
	for (long i = 0; i < children; i++)
		start((char *[]){bench, "-child-write", amount, NULL}, 2)->on_data = count_bytes;
	uv_run(loop, UV_RUN_DEFAULT);
}

// work_line is the number of bytes of a line with its newline. line_of has its beginning, if two chunks have parts of it.
enum { work_line = 32, most_line = 4096 };

static char line_of[most_line];
static size_t line_length;
static long lines;

static void got_line(const char *line, size_t n) {
	lines++;
	total += n + 1;
}

static void split_lines(char *data, size_t n) {
	char *newline;
	while ((newline = memchr(data, '\n', n)) != NULL) {
		size_t length = newline - data;
		if (line_length == 0) {
			got_line(data, length);
		} else {
			check(line_length + length <= most_line, "a long line");
			memcpy(line_of + line_length, data, length);
			got_line(line_of, line_length + length);
			line_length = 0;
		}
		n -= length + 1;
		data = newline + 1;
	}
	check(line_length + n <= most_line, "a long line");
	memcpy(line_of + line_length, data, n);
	line_length += n;
}

static void read_lines(char *amount, long count) {
	total = lines = 0;
	start((char *[]){bench, "-child-lines", amount, NULL}, 2)->on_data = split_lines;
	uv_run(loop, UV_RUN_DEFAULT);
	check(lines == count && total == (size_t)count * work_line && line_length == 0, "lines");
}

static char zeros[chunk];
static long to_write;

static void write_next(struct child *c);

static void written(uv_write_t *w, int status) {
	uv_check(status, "write");
	write_next(w->data);
}

static void write_next(struct child *c) {
	static uv_write_t w; // One write is under way at a time.
	if (to_write == 0) {
		uv_close((uv_handle_t *)&c->pipes[0], closed);
		return;
	}
	uv_buf_t buf = uv_buf_init(zeros, to_write < chunk ? to_write : chunk);
	to_write -= buf.len;
	w.data = c;
	uv_check(uv_write(&w, (uv_stream_t *)&c->pipes[0], &buf, 1, written), "write");
}

static void feed(char *amount, long bytes) {
	to_write = bytes;
	write_next(start((char *[]){bench, "-child-read", amount, NULL}, 1));
	uv_run(loop, UV_RUN_DEFAULT);
}

// Children that live on, with one pipe as their stdin, so they end with this process, however that ends. Their handles
// do not keep the loop running.
static uv_process_t *living;
static long living_count, dead_count;

static void died(uv_handle_t *h) { dead_count++; }

static void killed(uv_process_t *p, int64_t status, int signal) { uv_close((uv_handle_t *)p, died); }

static void kill_all(void) {
	dead_count = 0;
	for (long i = 0; i < living_count; i++) {
		uv_ref((uv_handle_t *)&living[i]);
		uv_check(uv_process_kill(&living[i], SIGKILL), "kill");
	}
	uv_run(loop, UV_RUN_DEFAULT);
	check(dead_count == living_count, "dead children");
	living_count = 0;
}

static int living_pipes[2];
enum { most_living = 20000 };

// start_living starts one more at a place of living. Its exit calls on_exit.
static void start_living(long place, uv_exit_cb on_exit) {
	check(place < most_living, "living");
	uv_stdio_container_t stdio[most_slots] = {{.flags = UV_INHERIT_FD, .data.fd = living_pipes[0]}, {.flags = UV_IGNORE}, {.flags = UV_IGNORE}};
	char *args[] = {sleeper, NULL};
	uv_process_options_t options = {.exit_cb = on_exit, .file = sleeper, .args = args, .stdio_count = most_slots, .stdio = stdio};
	uv_check(uv_spawn(loop, &living[place], &options), "spawn");
	uv_unref((uv_handle_t *)&living[place]);
}

static void live(long count) {
	if (living == NULL) {
		check(pipe2(living_pipes, O_CLOEXEC) == 0, "pipe2");
		living = calloc(most_living, sizeof *living);
		check(living != NULL, "calloc");
	}
	if (count < living_count)
		kill_all();
	for (; living_count < count; living_count++)
		start_living(living_count, killed);
}

static long to_kill; // children behind the living ones to kill

static void end_next(void) {
	if (to_kill == 0)
		return;
	uv_process_t *p = &living[living_count + --to_kill];
	uv_ref((uv_handle_t *)p);
	uv_check(uv_process_kill(p, SIGKILL), "kill");
}

static void one_closed(uv_handle_t *h) { end_next(); }

static void one_killed(uv_process_t *p, int64_t status, int signal) { uv_close((uv_handle_t *)p, one_closed); }

static long long kills(long count) {
	for (to_kill = 0; to_kill < count; to_kill++)
		start_living(living_count + to_kill, one_killed);
	long long begin = now();
	end_next();
	uv_run(loop, UV_RUN_DEFAULT);
	return now() - begin;
}

int main(int argc, char **argv) {
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts(uv_version_string());
		return 0;
	}
	check(argc == 4, "arguments");
	file = argv[1];
	bench = argv[2];
	sleeper = argv[3];
	loop = uv_default_loop();
	uv_check(uv_timer_init(loop, &timer), "timer");

	char order[16], amount[32], *line = NULL;
	size_t room = 0;
	while (getline(&line, &room, stdin) > 0) {
		long second = 0;
		int words = sscanf(line, "%15s %31s %ld", order, amount, &second);
		check(words >= 2, "order");
		long first = atol(amount);
		long long begin = now(), answer = 0;
		if (strcmp(order, "heap") == 0) {
			char *heap = malloc(first);
			check(heap != NULL, "malloc");
			memset(heap, 1, first);
			answer = first;
		} else if (strcmp(order, "living") == 0) {
			live(first);
			answer = first;
		} else if (strcmp(order, "kills") == 0) {
			answer = kills(first);
		} else if (strcmp(order, "spawn") == 0) {
			spawn(first, second);
		} else if (strcmp(order, "shell") == 0) {
			shell(first);
		} else if (strcmp(order, "gap") == 0) {
			answer = gap(first);
		} else if (strcmp(order, "timers") == 0) {
			answer = fire_timers(first);
		} else if (strcmp(order, "resets") == 0) {
			answer = reset_timers(first);
		} else if (strcmp(order, "stdout") == 0) {
			read_all(amount, second);
			check(total == (size_t)(first * second), "bytes of stdout");
		} else if (strcmp(order, "lines") == 0) {
			read_lines(amount, first);
		} else if (strcmp(order, "stdin") == 0) {
			feed(amount, first);
		} else {
			check(0, order);
		}
		printf("%lld\n", answer != 0 ? answer : now() - begin);
		fflush(stdout);
	}
	kill_all();
	free(line);
	return 0;
}
