"""Pools of Python's own with two workers: pool.py LIBRARY. The orders on stdin are in poolpeers.go."""
import concurrent.futures
import multiprocessing
import sys
import threading
import time

TEXT = ("0123456789" * 3)[:28]


def echo(job):
    return job


class Executor:
    def __init__(self):
        self.pool = concurrent.futures.ProcessPoolExecutor(2)

    def echo(self, n, at_once):
        room = threading.Semaphore(at_once)
        done = threading.Event()
        lock = threading.Lock()
        left = n

        def answered(future):
            nonlocal left
            check(future.result(), TEXT)
            room.release()
            with lock:
                left -= 1
                if left == 0:
                    done.set()

        for _ in range(n):
            room.acquire()
            self.pool.submit(echo, TEXT).add_done_callback(answered)
        done.wait()

    def close(self):
        self.pool.shutdown()


class Multiprocessing:
    """imap has no bound: all jobs are under way at the same time, except for one at a time."""

    def __init__(self):
        self.pool = multiprocessing.Pool(2)

    def echo(self, n, at_once):
        if at_once == 1:
            for _ in range(n):
                check(self.pool.apply(echo, (TEXT,)), TEXT)
            return
        for text in self.pool.imap(echo, [TEXT] * n):
            check(text, TEXT)

    def close(self):
        self.pool.close()
        self.pool.join()


def check(got, want):
    if got != want:
        raise ValueError(f"{got} in place of {want}")


def main():
    pool = {"ProcessPoolExecutor": Executor, "multiprocessing": Multiprocessing}[sys.argv[1]]()
    pool.echo(20, 4)
    for line in sys.stdin:
        _, n, _, at_once = line.split()
        start = time.perf_counter_ns()
        pool.echo(int(n), int(at_once))
        print(time.perf_counter_ns() - start, flush=True)
    pool.close()


if __name__ == "__main__":
    main()
