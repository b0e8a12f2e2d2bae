"""The orders of work.go by Python's asyncio: work.py FILE BENCH SLEEPER."""
import asyncio
import sys
import time

SHELL_COMMAND, SHELL_OUTPUT = "echo hello", b"hello\n"
WORK_LINE = 32
CHUNK = bytes(64 << 10)
PIPE, IGNORE = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL

FILE, BENCH, SLEEPER = sys.argv[1:]


def check(got, want):
    if got != want:
        raise ValueError(f"{got} in place of {want}")


async def spawn_one():
    child = await asyncio.create_subprocess_exec(FILE, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    await asyncio.gather(child.stdout.read(), child.stderr.read())
    check(await child.wait(), 0)


async def spawn(count, in_flight):
    left = count

    async def client():
        nonlocal left
        while left > 0:
            left -= 1
            await spawn_one()

    await asyncio.gather(*(client() for _ in range(in_flight)))


async def shell(count):
    for _ in range(count):
        child = await asyncio.create_subprocess_shell(SHELL_COMMAND, stdout=PIPE)
        out, _ = await child.communicate()
        check(child.returncode, 0)
        check(out, SHELL_OUTPUT)


async def gap(count):
    loop = asyncio.get_running_loop()
    last, longest = time.perf_counter_ns(), 0

    def note():
        nonlocal last, longest
        now = time.perf_counter_ns()
        longest, last = max(longest, now - last), now

    def fire():
        nonlocal timer
        note()
        timer = loop.call_later(0.001, fire)

    timer = loop.call_later(0.001, fire)
    for _ in range(count):
        await spawn_one()
    timer.cancel()
    note()
    return longest


async def stdout(size, children):
    async def read():
        child = await asyncio.create_subprocess_exec(BENCH, "-child-write", str(size), stdin=IGNORE, stdout=PIPE)
        got = 0
        while chunk := await child.stdout.read(len(CHUNK)):
            got += len(chunk)
        check(await child.wait(), 0)
        check(got, size)

    await asyncio.gather(*(read() for _ in range(children)))


async def lines(count):
    child = await asyncio.create_subprocess_exec(BENCH, "-child-lines", str(count), stdin=IGNORE, stdout=PIPE)
    found = got = 0
    async for line in child.stdout:
        found += 1
        got += len(line)
    check(await child.wait(), 0)
    check(found, count)
    check(got, count * WORK_LINE)


async def stdin(size):
    child = await asyncio.create_subprocess_exec(BENCH, "-child-read", str(size), stdin=PIPE, stdout=IGNORE)
    while size > 0:
        child.stdin.write(CHUNK[:size])
        await child.stdin.drain()
        size -= min(size, len(CHUNK))
    child.stdin.close()
    check(await child.wait(), 0)


heap = None


async def fill(size):
    global heap
    heap = bytearray(b"\1") * size


children = []


async def start_living():
    return await asyncio.create_subprocess_exec(SLEEPER, stdin=PIPE, stdout=IGNORE, stderr=IGNORE)


async def kills(count):
    more = [await start_living() for _ in range(count)]
    start = time.perf_counter_ns()
    for child in more:
        child.kill()
        await child.wait()
    return time.perf_counter_ns() - start


async def living(count):
    if count < len(children):
        for child in children:
            child.kill()
        await asyncio.gather(*(child.wait() for child in children))
        children.clear()
    while len(children) < count:
        children.append(await start_living())


async def main():
    jobs = {job.__name__: job for job in (spawn, shell, gap, stdout, lines, stdin, kills)}
    setups = {"heap": fill, "living": living}  # What an order sets up, whose answer is its argument.
    for line in sys.stdin:
        order, *args = line.split()
        args = [int(arg) for arg in args]
        if order in setups:
            await setups[order](*args)
            print(args[0], flush=True)
            continue
        start = time.perf_counter_ns()
        answer = await jobs[order](*args)
        print(time.perf_counter_ns() - start if answer is None else answer, flush=True)
    await living(0)


asyncio.run(main())
