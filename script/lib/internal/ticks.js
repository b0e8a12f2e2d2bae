'use strict';

// What runs after each call into the script: ticks, then reactions of promises, then the rejections that nobody handles.

const contexts = require('internal/context_hook');
const { validateFunction } = require('internal/validators');

const { runMicrotasks } = internalBinding('host');

let process; // The script may replace the global one.
let rejections; // internal/rejections, once a promise was rejected that nobody handled

const { then } = Promise.prototype; // Scripts may change it.
const fulfilled = Promise.resolve();

let queue = []; // of a callback and its arguments, undefined if there are none, one after the other
let next = 0; // of queue to be run
const MANY = 8192; // entries of queue that were run

function nextTick(callback, ...args) {
  if (typeof callback !== 'function') validateFunction(callback, 'callback');
  if (process._exiting) return;
  if (contexts.bind !== undefined) callback = contexts.bind(callback, 'TickObject', { callback, args });
  queue.push(callback, args.length === 0 ? undefined : args);
}

// settle runs all that was put off. What throws ends it: the host deals with that, and calls settle again.
function settle() {
  do {
    while (next < queue.length) {
      const callback = queue[next];
      const args = queue[next + 1];
      queue[next] = queue[next + 1] = undefined;
      next += 2;
      if (next === queue.length) {
        queue = [];
        next = 0;
      } else if (next >= MANY && next * 2 >= queue.length) { // Ticks that add ticks would have it grow for ever.
        queue = queue.slice(next);
        next = 0;
      }
      if (args === undefined) callback();
      else if (args.length === 1) callback(args[0]); // To spread a list takes the engine much longer.
      else if (args.length === 2) callback(args[0], args[1]);
      else Reflect.apply(callback, undefined, args);
    }
    runMicrotasks();
    if (kept !== undefined) kept = undefined;
  } while (next < queue.length || (rejections !== undefined && rejections.process()));
}

function queueMicrotask(callback) {
  validateFunction(callback, 'callback');
  if (contexts.bind !== undefined) callback = contexts.bind(callback, 'Microtask', { callback });
  Reflect.apply(then, fulfilled, [() => {
    try {
      callback();
    } catch (error) {
      require('internal/fatal').uncaught(error);
    }
  }]);
}

let kept; // what the script's WeakRefs hold until the job is done

function keepForJob(value) {
  if (kept === undefined) kept = new Set();
  kept.add(value);
}

// rejection is called by the engine: when nobody handles a rejected promise, and when somebody does after all.
function rejection(promise, reason, handled) {
  rejections ??= require('internal/rejections');
  if (handled) rejections.handled(promise);
  else rejections.unhandled(promise, reason);
}

module.exports = { keepForJob, nextTick, queueMicrotask, rejection, setProcess(to) { process = to; }, settle };
