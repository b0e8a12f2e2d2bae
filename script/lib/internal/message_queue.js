'use strict';

// The ends of channels between ports: a message that is posted at one is queued at the others, and delivered by the
// loop.

const contexts = require('internal/context_hook');
const { runDeferred } = require('internal/ticks');

const host = internalBinding('host');
const binding = internalBinding('messages');

// MOST is the number of messages that an end gets in a row before others have their turn.
const MOST = 1000;

const CLOSE = Symbol('close'); // the last message

let due = []; // ends with messages to deliver, or to be closed
let made = 0;
let refs = 0; // ends that keep the loop running

const tell = (owner, what, message) => owner[what](message);

// End is one end. Its owner gets the messages: deliver(message) for each, and closed() once, last.
class End {
  queue = []; // its first messages may have been taken
  head = 0; // of queue
  owner = undefined;
  isReceiving = false;
  isRef = false;
  isClosing = false; // close was called, and closed was not
  isClosed = false;
  number = ++made;
  #isDue = false;
  #tell = tell; // in the context in which the end was made

  // group is the set of connected ends. If isPair is set, closing one closes the others.
  constructor(group, isPair) {
    this.group = group;
    this.isPair = isPair;
    group.add(this);
    if (contexts.bind !== undefined) this.#tell = contexts.bind(tell);
  }

  // peer is the other end of a pair, undefined if it is closed.
  get peer() {
    for (const one of this.group) if (one !== this) return one;
    return undefined;
  }

  get length() { return this.queue.length - this.head; }
  get isOpen() { return !this.isClosing && !this.isClosed; }

  start() {
    this.isReceiving = true;
    if (this.length > 0) this.wake();
  }

  stop() { this.isReceiving = false; }

  // setRef makes this end keep the loop running while it is open, or not.
  setRef(on) {
    if (on === this.isRef || (on && this.isClosed)) return;
    this.isRef = on;
    refs += on ? 1 : -1;
    if (refs === (on ? 1 : 0)) binding.hold(on);
  }

  push(message) {
    this.queue.push(message);
    if (this.isReceiving || this.#hasEnded()) this.wake();
  }

  wake() {
    if (this.#isDue) return;
    this.#isDue = true;
    due.push(this);
    binding.wake();
  }

  close() {
    if (!this.isOpen) return;
    this.isClosing = true;
    this.wake();
  }

  // take returns the next message, undefined if there is none.
  take() {
    if (this.length === 0 || this.#hasEnded()) return undefined;
    const message = this.queue[this.head];
    this.queue[this.head++] = undefined;
    if (this.head === this.queue.length || (this.head >= MOST && this.head * 2 >= this.queue.length)) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
    return message;
  }

  #hasEnded() { return this.queue[this.head] === CLOSE; }

  // process delivers the queued messages. After an exception the rest waits for the next call.
  process() {
    this.#isDue = false;
    try {
      // An end that is closed meanwhile gets the messages from before; one that was closed before gets nothing.
      let left = this.isClosing ? 0 : Math.max(this.length, MOST);
      for (; left > 0 && this.isReceiving && !this.isClosed; left--) {
        const message = this.take();
        if (message === undefined) break;
        this.#tell(this.owner, 'deliver', message);
        runDeferred();
      }
      if (this.isClosing || this.#hasEnded()) {
        this.#finish();
        runDeferred();
      }
    } finally {
      if (!this.isClosed && (this.isClosing || this.#hasEnded() || (this.isReceiving && this.length > 0))) this.wake();
    }
  }

  #finish() {
    if (this.isClosed) return;
    this.isClosing = false;
    this.isClosed = true;
    this.queue = [];
    this.head = 0;
    this.setRef(false);
    this.group.delete(this);
    if (this.isPair) for (const other of this.group) other.push(CLOSE);
    if (this.owner !== undefined) this.#tell(this.owner, 'closed');
  }

  // drop closes an end without calling its owner.
  drop() {
    this.owner = undefined;
    this.#finish();
  }
}

// processMessages is called by the loop, and again at once if something throws.
function processMessages() {
  const list = due.sort((a, b) => a.number - b.number);
  due = [];
  let done = 0;
  try {
    for (; done < list.length; done++) list[done].process();
  } finally {
    if (done < list.length) {
      due = [...list.slice(done + 1), ...due];
      if (due.length > 0) binding.wake();
    }
  }
}

host.setHook('messages', processMessages);

module.exports = { End };
