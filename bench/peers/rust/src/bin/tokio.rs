//! The orders of work.go by tokio, on one thread: tokio FILE BENCH SLEEPER.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::LocalSet;
use tokio::time::{interval, sleep, MissedTickBehavior};

#[path = "../work.rs"]
mod work;
use work::{Programs, CHUNK, SHELL_OUTPUT, WORK_LINE};

struct Work {
    programs: Programs,
}

fn start(command: std::process::Command) -> Child {
    Command::from(command).spawn().expect("spawn")
}

impl Work {
    async fn spawn_one(&self) {
        let child = start(self.programs.nothing());
        let output = child.wait_with_output().await.expect("wait");
        assert!(output.status.success());
    }

    async fn spawn(self: Rc<Self>, count: usize, in_flight: usize) {
        let left = Rc::new(Cell::new(count));
        let clients: Vec<_> = (0..in_flight)
            .map(|_| {
                let (work, left) = (self.clone(), left.clone());
                tokio::task::spawn_local(async move {
                    while left.get() > 0 {
                        left.set(left.get() - 1);
                        work.spawn_one().await;
                    }
                })
            })
            .collect();
        for client in clients {
            client.await.expect("client");
        }
    }

    async fn shell(&self, count: usize) {
        for _ in 0..count {
            let mut command = Command::from(self.programs.shell());
            let output = command.output().await.expect("output");
            assert!(output.status.success());
            assert_eq!(output.stdout, SHELL_OUTPUT);
        }
    }

    async fn gap(self: Rc<Self>, count: usize) -> Duration {
        let longest = Rc::new(Cell::new(Duration::ZERO));
        let last = Rc::new(Cell::new(Instant::now()));
        let note = {
            let (longest, last) = (longest.clone(), last);
            move || {
                let now = Instant::now();
                longest.set(longest.get().max(now - last.replace(now)));
            }
        };
        let fired = note.clone();
        let timer = tokio::task::spawn_local(async move {
            let mut ticks = interval(Duration::from_millis(1));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                fired();
            }
        });
        for _ in 0..count {
            self.spawn_one().await;
        }
        timer.abort();
        note();
        longest.get()
    }

    async fn timers(&self, count: usize) {
        let fired = Rc::new(Cell::new(0));
        let timers: Vec<_> = (0..count)
            .map(|i| {
                let fired = fired.clone();
                let timer = sleep(Duration::from_millis((i * 7919 % 100) as u64));
                tokio::task::spawn_local(async move {
                    timer.await;
                    fired.set(fired.get() + 1);
                })
            })
            .collect();
        for timer in timers {
            timer.await.expect("timer");
        }
        assert_eq!(fired.get(), count);
    }

    async fn resets(&self, count: usize) -> Duration {
        const LIVING: usize = 1024;
        const HOUR: Duration = Duration::from_secs(3600);
        let mut timers: Vec<_> = (0..LIVING).map(|_| Box::pin(sleep(HOUR))).collect();
        let start = Instant::now();
        for i in 0..count {
            timers[i % LIVING]
                .as_mut()
                .reset(tokio::time::Instant::now() + HOUR);
        }
        start.elapsed()
    }

    async fn read_one(&self, bytes: usize) {
        let mut child = start(self.programs.writing("-child-write", bytes));
        let mut out = child.stdout.take().expect("stdout");
        let mut buf = vec![0; CHUNK];
        let mut got = 0;
        loop {
            let n = out.read(&mut buf).await.expect("read");
            if n == 0 {
                break;
            }
            got += n;
        }
        assert!(child.wait().await.expect("wait").success());
        assert_eq!(got, bytes);
    }

    async fn stdout(self: Rc<Self>, bytes: usize, children: usize) {
        let clients: Vec<_> = (0..children)
            .map(|_| {
                let work = self.clone();
                tokio::task::spawn_local(async move { work.read_one(bytes).await })
            })
            .collect();
        for client in clients {
            client.await.expect("client");
        }
    }

    async fn lines(&self, count: usize) {
        let mut child = start(self.programs.writing("-child-lines", count));
        let mut reader = BufReader::with_capacity(CHUNK, child.stdout.take().expect("stdout"));
        let (mut lines, mut got) = (0, 0);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).await.expect("read") > 0 {
            lines += 1;
            got += line.len();
            line.clear();
        }
        assert!(child.wait().await.expect("wait").success());
        assert_eq!((lines, got), (count, count * WORK_LINE));
    }

    async fn stdin(&self, bytes: usize) {
        let mut child = start(self.programs.reading(bytes));
        let mut pipe = child.stdin.take().expect("stdin");
        let buf = vec![0; CHUNK];
        let mut left = bytes;
        while left > 0 {
            let n = left.min(CHUNK);
            pipe.write_all(&buf[..n]).await.expect("write");
            left -= n;
        }
        drop(pipe);
        assert!(child.wait().await.expect("wait").success());
    }
}

fn main() {
    let work = Rc::new(Work {
        programs: Programs::given(),
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime");
    let tasks = LocalSet::new();
    work::serve(|order, n| {
        let work = work.clone();
        let start = Instant::now();
        tasks.block_on(&runtime, async {
            match order {
                "gap" => return work.gap(n[0]).await.as_nanos(),
                "resets" => return work.resets(n[0]).await.as_nanos(),
                "timers" => work.timers(n[0]).await,
                "spawn" => work.spawn(n[0], n[1]).await,
                "shell" => work.shell(n[0]).await,
                "stdout" => work.stdout(n[0], n[1]).await,
                "lines" => work.lines(n[0]).await,
                "stdin" => work.stdin(n[0]).await,
                _ => panic!("order {order}"),
            }
            start.elapsed().as_nanos()
        })
    });
}
