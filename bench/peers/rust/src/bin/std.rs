//! What Rust's std::process does of the orders of work.go: std FILE BENCH SLEEPER. What is done at once is done by a thread each.

use std::env;
use std::io::{stdin, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Instant;

const SHELL_COMMAND: &str = "echo hello";
const SHELL_OUTPUT: &[u8] = b"hello\n";
const WORK_LINE: usize = 32;
const CHUNK: usize = 64 << 10;

struct Work {
    file: String,
    bench: String,
}

impl Work {
    fn spawn_one(&self) {
        let child = Command::new(&self.file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("spawn");
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
            let output = Command::new("/bin/sh")
                .args(["-c", SHELL_COMMAND])
                .output()
                .expect("output");
            assert!(output.status.success());
            assert_eq!(output.stdout, SHELL_OUTPUT);
        }
    }

    fn reading(&self, order: &str, amount: usize) -> (Child, ChildStdout) {
        let mut child = Command::new(&self.bench)
            .args([order, &amount.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("spawn");
        let out = child.stdout.take().expect("stdout");
        (child, out)
    }

    fn read_one(&self, bytes: usize) {
        let (mut child, mut out) = self.reading("-child-write", bytes);
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
        let (mut child, out) = self.reading("-child-lines", count);
        let mut reader = BufReader::with_capacity(CHUNK, out);
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
        let mut child = Command::new(&self.bench)
            .args(["-child-read", &bytes.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("spawn");
        let mut pipe: ChildStdin = child.stdin.take().expect("stdin");
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
    let args: Vec<String> = env::args().collect();
    let work = Work {
        file: args[1].clone(),
        bench: args[2].clone(),
    };
    let mut heap = Vec::new();
    for line in stdin().lock().lines() {
        let line = line.expect("order");
        let mut words = line.split(' ');
        let order = words.next().expect("order");
        let n: Vec<usize> = words.map(|w| w.parse().expect("number")).collect();
        let start = Instant::now();
        match order {
            "heap" => {
                heap = vec![1u8; n[0]];
                println!("{}", heap.len());
                continue;
            }
            "spawn" => work.spawn(n[0], n[1]),
            "shell" => work.shell(n[0]),
            "stdout" => work.stdout(n[0], n[1]),
            "lines" => work.lines(n[0]),
            "stdin" => work.stdin(n[0]),
            _ => panic!("order {order}"),
        }
        println!("{}", start.elapsed().as_nanos());
    }
    drop(heap);
}
