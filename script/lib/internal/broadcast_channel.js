'use strict';

// BroadcastChannel. All channels of a name are in this program.

const { codes: { ERR_INVALID_THIS, ERR_MISSING_ARGS } } = require('internal/errors');
const { EventTarget, defineEventHandler } = require('internal/event_target');
const { MessageEvent } = require('internal/message_event');
const { End } = require('internal/message_queue');
const { cloneAndTransfer } = require('internal/structured_clone');

const customInspect = Symbol.for('nodejs.util.inspect.custom');

const groups = new Map(); // of open channels, by name

class BroadcastChannel extends EventTarget {
  #name; #end;

  constructor(name) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('name');
    super();
    if (typeof name === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
    this.#name = `${name}`;
    const group = groups.get(this.#name) ?? new Set();
    groups.set(this.#name, group);
    this.#end = new End(group, false);
    this.#end.owner = {
      deliver: ({ value }) => this.dispatchEvent(new MessageEvent('message', { data: value })),
      closed: () => {
        if (group.size === 0 && groups.get(this.#name) === group) groups.delete(this.#name);
      },
    };
    this.#end.setRef(true);
    this.#end.start();
  }

  static #of(channel) {
    if (typeof channel !== 'object' || channel === null || !(#end in channel)) {
      throw new ERR_INVALID_THIS('BroadcastChannel');
    }
    return channel;
  }

  // endOf returns the end of a channel, undefined if it is closed, and null if the value is no channel.
  static endOf(channel) {
    if (typeof channel !== 'object' || channel === null || !(#end in channel)) return null;
    return channel.#end.isOpen ? channel.#end : undefined;
  }

  get name() { return BroadcastChannel.#of(this).#name; }

  close() {
    const end = BroadcastChannel.#of(this).#end;
    end.stop(); // Earlier messages are not delivered, either.
    end.close();
  }

  postMessage(message) {
    const { DOMException } = require('internal/dom_exception');
    const end = BroadcastChannel.#of(this).#end;
    if (arguments.length === 0) throw new ERR_MISSING_ARGS('message');
    if (!end.isOpen) throw new DOMException('BroadcastChannel is closed.', 'InvalidStateError');
    const first = cloneAndTransfer(message, []);
    let copy = first;
    for (const other of end.group) {
      if (other === end || !other.isOpen) continue;
      other.push({ value: copy ?? cloneAndTransfer(first, []) });
      copy = undefined; // The others get copies of their own.
    }
  }

  ref() {
    const end = BroadcastChannel.#of(this).#end;
    if (end.isOpen) end.setRef(true);
    return this;
  }

  unref() {
    const end = BroadcastChannel.#of(this).#end;
    if (end.isOpen) end.setRef(false);
    return this;
  }

  [customInspect](depth, options) {
    const { name } = BroadcastChannel.#of(this);
    if (depth < 0) return 'BroadcastChannel';
    const shown = { name, active: this.#end.isOpen };
    return `BroadcastChannel ${require('internal/inspect').inspect(shown, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
  }
}

const { endOf } = BroadcastChannel;
delete BroadcastChannel.endOf;

for (const name of ['name', 'close', 'postMessage', 'ref', 'unref']) {
  Object.defineProperty(BroadcastChannel.prototype, name, { enumerable: true });
}
Object.defineProperty(BroadcastChannel.prototype, Symbol.toStringTag,
  { value: 'BroadcastChannel', configurable: true });
defineEventHandler(BroadcastChannel.prototype, 'message');
defineEventHandler(BroadcastChannel.prototype, 'messageerror');

module.exports = { BroadcastChannel, endOf };
