'use strict';

// Piping and teeing of a ReadableStream.

const { AbortError, codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const { ReadableStream, failReadable } = require('internal/webstreams/readable');
const { deferred, invalidState, kState, nothing, rejected } = require('internal/webstreams/util');
const { WritableStream, isCloseQueued } = require('internal/webstreams/writable');
const { validateAbortSignal } = require('internal/validators');

// reasonOf returns the reason with which an abort ends a pipe: errors of Node's own functions are DOMExceptions here.
function reasonOf({ reason }) {
  if (!(reason instanceof AbortError)) return reason;
  const { DOMException } = require('internal/dom_exception');
  return new DOMException(reason.message, 'AbortError');
}

function pipeTo(source, destination, options) {
  const to = destination?.[kState];
  if (to?.Class !== WritableStream) {
    return rejected(new ERR_INVALID_ARG_TYPE('transform.writable', 'WritableStream', destination));
  }
  const { preventAbort, preventCancel, preventClose, signal } = options ?? {};
  try {
    validateAbortSignal(signal, 'options.signal');
  } catch (error) {
    return rejected(error);
  }
  const from = source[kState];
  if (from.reader !== undefined) return rejected(invalidState('ReadableStream is locked'));
  if (to.writer !== undefined) return rejected(invalidState('WritableStream is locked'));
  const reader = source.getReader();
  const writer = destination.getWriter();
  from.disturbed = true;

  const stop = deferred(); // rejected by an abort, and by the failure of the destination
  const onAbort = () => stop.reject({ reason: reasonOf(signal), isAbort: true });
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  writer.closed.then(() => stop.reject({ reason: invalidState('Destination WritableStream is closed'),
    isWriter: true }),
    (reason) => stop.reject({ reason, isWriter: true }));

  let written = Promise.resolve(); // the last write
  return run().finally(() => {
    signal?.removeEventListener('abort', onAbort);
    writer.releaseLock();
    reader.releaseLock();
  });

  async function run() {
    try {
      for (;;) {
        if (isCloseQueued(destination) || to.state === 'closed') {
          throw { reason: invalidState('Destination WritableStream is closed'), isWriter: true };
        }
        await Promise.race([stop.promise, writer.ready.catch((reason) => { throw { reason, isWriter: true }; })]);
        const { value, done } = await Promise.race([stop.promise, reader.read().catch((reason) => {
          throw { reason, isReader: true };
        })]);
        if (done) break;
        written = writer.write(value);
        written.then(undefined, nothing);
      }
    } catch (failure) {
      await end(failure);
      throw failure.reason;
    }
    if (preventClose) await written;
    else await writer.close();
  }

  // end closes, aborts or cancels each side after the other has ended.
  async function end({ reason, isAbort, isReader, isWriter }) {
    if (!isWriter) await written.then(undefined, nothing);
    if ((isReader || isAbort) && !preventAbort) await writer.abort(reason).then(undefined, nothing);
    if ((isWriter || isAbort) && !preventCancel) await reader.cancel(reason).then(undefined, nothing);
  }
}

function tee(stream) {
  const reader = stream.getReader();
  const cancelled = deferred();
  const branches = [];
  const reasons = [];
  let reading = false;
  let again = false;

  async function pull() {
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    do {
      again = false;
      let result;
      try {
        result = await reader.read();
      } catch (error) {
        for (const branch of branches) failReadable(branch.stream, error);
        cancelled.resolve();
        return;
      }
      for (const branch of branches) {
        if (branch.isCancelled) continue;
        if (result.done) branch.controller.close();
        else branch.controller.enqueue(result.value);
      }
      if (result.done) {
        cancelled.resolve();
        return;
      }
    } while (again);
    reading = false;
  }

  for (let i = 0; i < 2; i++) {
    const branch = { controller: undefined, isCancelled: false, stream: undefined };
    branches.push(branch);
    branch.stream = new ReadableStream({
      start(controller) { branch.controller = controller; },
      pull,
      cancel(reason) {
        branch.isCancelled = true;
        reasons[i] = reason;
        if (branches.every((one) => one.isCancelled)) reader.cancel(reasons).then(cancelled.resolve, cancelled.reject);
        return cancelled.promise;
      },
    });
  }
  reader.closed.then(undefined, (error) => {
    for (const branch of branches) failReadable(branch.stream, error);
    cancelled.resolve();
  });
  return branches.map((branch) => branch.stream);
}

module.exports = { pipeTo, tee };
