'use strict';

// compose makes one duplex of several streams: writes go to the first, reads come from the last.

const { AbortError, codes: { ERR_INVALID_ARG_VALUE, ERR_MISSING_ARGS } } = require('internal/errors');
const { destroyer } = require('internal/streams/destroy');
const { Duplex } = require('internal/streams/duplex');
const { eos } = require('internal/streams/end-of-stream');
const { pipeline } = require('internal/streams/pipeline');
const {
  isNodeStream, isReadable, isReadableStream, isTransformStream, isWebStream, isWritable, isWritableStream,
} = require('internal/streams/utils');

const canRead = (stream) => !!(isReadable(stream) || isReadableStream(stream) || isTransformStream(stream));
const canWrite = (stream) => !!(isWritable(stream) || isWritableStream(stream) || isTransformStream(stream));

function check(streams, original) {
  streams.forEach((stream, i) => {
    if (!isNodeStream(stream) && !isWebStream(stream)) return;
    if (i < streams.length - 1 && !canRead(stream)) {
      throw new ERR_INVALID_ARG_VALUE(`streams[${i}]`, original[i], 'must be readable');
    }
    if (i > 0 && !canWrite(stream)) throw new ERR_INVALID_ARG_VALUE(`streams[${i}]`, original[i], 'must be writable');
  });
}

// compose is an ordinary function of any number of streams.
function compose(...streams) {
  if (streams.length === 0) throw new ERR_MISSING_ARGS('streams');
  if (streams.length === 1) return Duplex.from(streams[0]);
  const original = [...streams];
  const last = streams.length - 1;
  if (typeof streams[0] === 'function') streams[0] = Duplex.from(streams[0]);
  if (typeof streams[last] === 'function') streams[last] = Duplex.from(streams[last]);
  check(streams, original);

  const [head] = streams;
  const tail = pipeline(streams, (error) => {
    if (!ended(error) && !readable && !writable) duplex.destroy();
  });
  const writable = canWrite(head);
  const readable = canRead(tail);
  const duplex = new Duplex({
    writableObjectMode: !!head?.writableObjectMode, readableObjectMode: !!tail?.readableObjectMode, writable, readable,
  });
  const waiting = {};
  const ended = endWith(duplex, waiting, (error) => {
    if (isNodeStream(tail)) destroyer(tail, error);
  });
  if (writable) {
    if (isNodeStream(head)) writeTo(duplex, head, waiting);
    else writeToWeb(duplex, isTransformStream(head) ? head.writable : head, waiting);
    eos(isTransformStream(tail) ? tail.readable : tail, () => wake(waiting, 'finish'));
  }
  if (readable) {
    if (isNodeStream(tail)) readFrom(duplex, tail, waiting);
    else readFromWeb(duplex, isTransformStream(tail) ? tail.readable : tail);
  }
  return duplex;
}

// endWith ends a duplex with its streams: destroying it destroys them with destroyAll. It returns a function to call
// when they have ended, which returns whether a callback has got that.
function endWith(duplex, waiting, destroyAll) {
  let closed; // the callback of _destroy; null once they have ended
  duplex._destroy = (error, callback) => {
    if (!error && closed !== null) error = new AbortError();
    waiting.readable = waiting.drain = waiting.finish = null;
    if (closed === null) {
      callback(error);
      return;
    }
    closed = callback;
    destroyAll(error);
  };
  return (error) => {
    const callback = closed;
    closed = null;
    if (callback) callback(error);
    else if (error) duplex.destroy(error);
    return !!(callback || error);
  };
}

// wake calls the function that waits for an event, once.
function wake(waiting, event) {
  const callback = waiting[event];
  if (!callback) return;
  waiting[event] = null;
  callback();
}

// writeTo makes another stream the writing side of a duplex.
function writeTo(duplex, stream, waiting) {
  duplex._write = (chunk, encoding, callback) => {
    if (stream.write(chunk, encoding)) callback();
    else waiting.drain = callback;
  };
  duplex._final = (callback) => {
    stream.end();
    waiting.finish = callback;
  };
  stream.on('drain', () => wake(waiting, 'drain'));
}

// readFrom makes another stream the reading side of a duplex.
function readFrom(duplex, stream, waiting) {
  stream.on('readable', () => wake(waiting, 'readable'));
  stream.on('end', () => duplex.push(null));
  duplex._read = () => {
    for (;;) {
      const chunk = stream.read();
      if (chunk === null) {
        waiting.readable = duplex._read;
        return;
      }
      if (!duplex.push(chunk)) return;
    }
  };
}

function writeToWeb(duplex, stream, waiting) {
  const writer = stream.getWriter();
  duplex._write = async (chunk, encoding, callback) => {
    try {
      await writer.ready;
      writer.write(chunk).catch(() => {});
      callback();
    } catch (error) {
      callback(error);
    }
  };
  duplex._final = async (callback) => {
    try {
      await writer.ready;
      writer.close().catch(() => {});
      waiting.finish = callback;
    } catch (error) {
      callback(error);
    }
  };
}

function readFromWeb(duplex, stream) {
  const reader = stream.getReader();
  duplex._read = async () => {
    for (;;) {
      try {
        const { value, done } = await reader.read();
        if (done) {
          duplex.push(null);
          return;
        }
        if (!duplex.push(value)) return;
      } catch {
        return;
      }
    }
  };
}

module.exports = { compose, endWith, readFrom, wake, writeTo };
