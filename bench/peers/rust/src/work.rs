//! The orders of work.go and the commands for them, shared by the programs in Rust.

use std::env;
use std::io::{stdin, BufRead};
use std::process::{Command, Stdio};

pub const SHELL_OUTPUT: &[u8] = b"hello\n";
pub const WORK_LINE: usize = 32;
pub const CHUNK: usize = 64 << 10;

/// The programs that are started.
pub struct Programs {
    file: String,
    bench: String,
}

impl Programs {
    /// Those of the arguments FILE BENCH SLEEPER.
    pub fn given() -> Self {
        let args: Vec<String> = env::args().collect();
        Programs {
            file: args[1].clone(),
            bench: args[2].clone(),
        }
    }

    pub fn nothing(&self) -> Command {
        let mut command = Command::new(&self.file);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn shell(&self) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo hello"]);
        command
    }

    /// A child that writes: this benchmark's program with one of its orders.
    pub fn writing(&self, order: &str, amount: usize) -> Command {
        let mut command = Command::new(&self.bench);
        command
            .args([order, &amount.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }

    /// A child that reads that many bytes.
    pub fn reading(&self, bytes: usize) -> Command {
        let mut command = Command::new(&self.bench);
        command
            .args(["-child-read", &bytes.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        command
    }
}

/// Answers each order, except "heap", with the result of `answer`.
pub fn serve(mut answer: impl FnMut(&str, &[usize]) -> u128) {
    let mut heap = Vec::new();
    for line in stdin().lock().lines() {
        let line = line.expect("order");
        let mut words = line.split(' ');
        let order = words.next().expect("order");
        let n: Vec<usize> = words.map(|w| w.parse().expect("number")).collect();
        if order == "heap" {
            heap = vec![1u8; n[0]];
            println!("{}", heap.len());
        } else {
            println!("{}", answer(order, &n));
        }
    }
    drop(heap);
}
