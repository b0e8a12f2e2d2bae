'use strict';
// The workers of the cluster scenario, and Node's primary of them:
//
//	cluster.js rr|none  starts the workers, answers each line of its stdin with their port when all listen, and
//	                    disconnects them when its stdin ends
//
// A worker closes each connection at once. Its primary may be Node's or brood's.

const cluster = require('cluster');

if (cluster.isPrimary) primary(); else require('net').createServer((c) => c.end()).listen(0, '127.0.0.1', 1024);

function primary() {
  cluster.schedulingPolicy = process.argv[2] === 'none' ? cluster.SCHED_NONE : cluster.SCHED_RR;
  const workers = 2;
  let listening = 0;
  const ready = new Promise((resolve) => cluster.on('listening', (_, address) => {
    if (++listening === workers) resolve(address.port);
  }));
  for (let i = 0; i < workers; i++) cluster.fork();
  require('readline').createInterface({ input: process.stdin })
    .on('line', () => ready.then((port) => console.log(String(port))))
    .on('close', () => cluster.disconnect());
}
