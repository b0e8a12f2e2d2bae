'use strict';
// A worker in Node that sends jobs back:
//
//	poolworker.js plain          with nothing but the channel
//	poolworker.js helper COUNT   with the helper for workers, COUNT jobs at a time

if (process.argv[2] === 'plain') {
  process.on('message', ({ id, job }) => process.send({ id, result: job }));
} else {
  require('./brood-worker.cjs').serve({
    '': (job, { attach, reply }) => (attach ? reply(attach.length, attach) : job),
  }, { concurrency: +process.argv[3] });
}
