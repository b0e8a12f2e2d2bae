'use strict';
// Both ends of the IPC scenarios in JavaScript, for Node, Bun and Deno:
//
//	ipc.cjs parent SERIALIZATION  forks the child and obeys the lines of its stdin, "JOB COUNT MESSAGE"; it answers each with
//	               its nanoseconds, or the child's pid
//	ipc.cjs child   obeys any parent
//
// ipcchild.go describes the orders, and is the same child in Go. Messages are counted down in their member n.

const { fork } = require('child_process');

if (process.argv[2] === 'parent') parent(); else child();

function child() {
  let job = 'echo';
  let received = 0;
  let ordered = false;
  process.on('message', (m, handle) => {
    if (ordered) {
      ordered = false;
      if (m.job === 'source') sendAll(process, m.count, m.message);
      else { job = m.job; received = 0; }
      return;
    }
    if (m.n === orderFollows) {
      ordered = true;
      return;
    }
    if (job === 'echo') {
      process.send(m);
      return;
    }
    handle?.close();
    received++;
    if (m.n === 0) {
      process.send({ n: received });
      received = 0;
    }
  });
}

function parent() {
  const other = fork(__filename, ['child'], { serialization: process.argv[3] });
  require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const [job, count] = line.split(' ', 2);
    jobs[job](other, +count, JSON.parse(line.slice(job.length + count.length + 2)), (ns) => console.log(String(ns)));
  }).on('close', () => other.disconnect());
}

// An order follows a message with this n.
const orderFollows = -1;

function order(other, o) {
  other.send({ n: orderFollows });
  other.send(o);
}

const jobs = {
  pid(other, count, message, done) {
    done(other.pid);
  },

  echo(other, count, message, done) {
    order(other, { job: 'echo' });
    let left = count;
    const start = process.hrtime.bigint();
    const next = () => {
      message.n = --left;
      other.send(message);
    };
    const answered = (m) => {
      check(m, left, message);
      if (left > 0) return next();
      other.off('message', answered);
      done(process.hrtime.bigint() - start);
    };
    other.on('message', answered);
    next();
  },

  handles(other, count, message, done) {
    const server = require('net').createServer().listen(0, '127.0.0.1', () => {
      other.once('message', (m) => {
        if (m.n !== count) throw new Error(`${m.n} of ${count} handles`);
        server.close();
        done(process.hrtime.bigint() - start);
      });
      const start = process.hrtime.bigint();
      order(other, { job: 'sink' });
      for (let n = count - 1; n >= 0; n--) other.send({ n }, server);
    });
  },

  source(other, count, message, done) {
    let left = count;
    const received = (m) => {
      check(m, --left, message);
      if (left > 0) return;
      other.off('message', received);
      done(process.hrtime.bigint() - start);
    };
    other.on('message', received);
    const start = process.hrtime.bigint();
    order(other, { job: 'source', count, message });
  },
};

function check(m, n, message) {
  if (m.n !== n || m.s?.length !== message.s?.length || m.rows?.length !== message.rows?.length ||
    m.dated?.length !== message.dated?.length) {
    throw new Error(`message ${n} came as ${m.n}`);
  }
}

// sendAll waits, once send has returned false, for the callback of one more message.
function sendAll(to, count, message) {
  let room = true;
  const pump = () => {
    room = true;
    while (count > 0) {
      message.n = --count;
      if (!room) {
        to.send(message, undefined, undefined, pump);
        return;
      }
      room = to.send(message);
    }
  };
  pump();
}
