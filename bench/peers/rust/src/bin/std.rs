//! The orders of work.go by Rust's std::process: std FILE BENCH SLEEPER. Children that run at the same
//! time have a thread each.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Instant;

#[path = "../work.rs"]
mod work;
use work::{Programs, CHUNK, SHELL_OUTPUT, WORK_LINE};

struct Work {
    programs: Programs,
}

impl Work {
    fn spawn_one(&self) {
        let child = self.programs.nothing().spawn().expect("spawn");
        // It reads both outputs to their end, by poll(2).
        let output = child.wait_with_output().expect("wait");
        assert!(output.status.success());
    }

    fn spawn(&self, count: usize, in_flight: usize) {
        let left = AtomicI64::new(count as i64);
        thread::scope(|s| {
            for _ in 0..in_flight {
                s.spawn(|| {
                    while left.fetch_sub(1, Ordering::Relaxed) > 0 {
                        self.spawn_one();
                    }
                });
            }
        });
    }

    fn shell(&self, count: usize) {
        for _ in 0..count {
            let output = self.programs.shell().output().expect("output");
            assert!(output.status.success());
            assert_eq!(output.stdout, SHELL_OUTPUT);
        }
    }

    fn read_one(&self, bytes: usize) {
        let mut child = self
            .programs
            .writing("-child-write", bytes)
            .spawn()
            .expect("spawn");
        let mut out = child.stdout.take().expect("stdout");
        let mut buf = vec![0; CHUNK];
        let mut got = 0;
        loop {
            let n = out.read(&mut buf).expect("read");
            if n == 0 {
                break;
            }
            got += n;
        }
        assert!(child.wait().expect("wait").success());
        assert_eq!(got, bytes);
    }

    fn stdout(&self, bytes: usize, children: usize) {
        thread::scope(|s| {
            for _ in 0..children {
                s.spawn(|| self.read_one(bytes));
            }
        });
    }

    fn lines(&self, count: usize) {
        let mut child = self
            .programs
            .writing("-child-lines", count)
            .spawn()
            .expect("spawn");
        let mut reader = BufReader::with_capacity(CHUNK, child.stdout.take().expect("stdout"));
        let (mut lines, mut got) = (0, 0);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).expect("read") > 0 {
            lines += 1;
            got += line.len();
            line.clear();
        }
        assert!(child.wait().expect("wait").success());
        assert_eq!((lines, got), (count, count * WORK_LINE));
    }

    fn stdin(&self, bytes: usize) {
        let mut child = self.programs.reading(bytes).spawn().expect("spawn");
        let mut pipe = child.stdin.take().expect("stdin");
        let buf = vec![0; CHUNK];
        let mut left = bytes;
        while left > 0 {
            let n = left.min(CHUNK);
            pipe.write_all(&buf[..n]).expect("write");
            left -= n;
        }
        drop(pipe);
        assert!(child.wait().expect("wait").success());
    }
}

fn main() {
    let work = Work {
        programs: Programs::given(),
    };
    work::serve(|order, n| {
        let start = Instant::now();
        match order {
            "spawn" => work.spawn(n[0], n[1]),
            "shell" => work.shell(n[0]),
            "stdout" => work.stdout(n[0], n[1]),
            "lines" => work.lines(n[0]),
            "stdin" => work.stdin(n[0]),
            _ => panic!("order {order}"),
        }
        start.elapsed().as_nanos()
    });
}
