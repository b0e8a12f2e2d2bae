'use strict';

// MessagePort and MessageChannel. Both ends of a channel are in this program: a message is copied when it is posted.

const { coded, codes } = require('internal/errors');
const {
  NodeEventTarget, defineEventHandler, initEventTarget, kCreateEvent, kNewListener, kRemoveListener,
} = require('internal/event_target');
const { End } = require('internal/message_queue');
const { checkedBy, cloneAndTransfer, refuse, transferredBy } = require('internal/structured_clone');

const { ERR_CLOSED_MESSAGE_PORT, ERR_CONSTRUCT_CALL_REQUIRED, ERR_INVALID_ARG_TYPE } = codes;

const kEnd = Symbol('kEnd'); // undefined once the port was transferred
const kPorts = Symbol('kPorts'); // ports of the message that is being delivered
const customInspect = Symbol.for('nodejs.util.inspect.custom');

function MessagePort() {
  throw coded(TypeError, 'ERR_CONSTRUCT_CALL_INVALID', 'Constructor cannot be called');
}
Object.setPrototypeOf(MessagePort, NodeEventTarget);
Object.setPrototypeOf(MessagePort.prototype, NodeEventTarget.prototype);

function makePort(end) {
  const port = Object.create(MessagePort.prototype);
  initEventTarget(port);
  Object.defineProperties(port, {
    [kEnd]: { value: undefined, writable: true },
    [kPorts]: { value: undefined, writable: true },
  });
  if (end !== undefined) own(port, end);
  return port;
}

function own(port, end) {
  port[kEnd] = end;
  end.owner = {
    deliver({ value, ports }) {
      port[kPorts] = ports;
      port.emit('message', value);
    },
    closed() { port.emit('close'); },
  };
}

const openEnd = (port) => (port[kEnd]?.isOpen ? port[kEnd] : undefined);

// iterated returns the values of an iterable, undefined for other values.
function iterated(value) {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function') ||
    typeof value[Symbol.iterator] !== 'function') {
    return undefined;
  }
  const iterator = value[Symbol.iterator]();
  if (iterator === null || typeof iterator !== 'object' || typeof iterator.next !== 'function') return undefined;
  const list = [];
  for (let step = iterator.next(); !step.done; step = iterator.next()) list.push(step.value);
  return list;
}

function notIterable(name) {
  return coded(TypeError, 'ERR_INVALID_ARG_TYPE', `Optional ${name} argument must be an iterable`);
}

function transferListOf(options) {
  if (options === undefined || options === null) return [];
  if (typeof options !== 'object' && typeof options !== 'function') throw notIterable('transferList');
  const list = iterated(options);
  if (list !== undefined) return list;
  if (options.transfer === undefined) return [];
  const transfer = iterated(options.transfer);
  if (transfer === undefined) throw notIterable('options.transfer');
  return transfer;
}

const methods = {
  postMessage(value, options) {
    if (arguments.length === 0) {
      throw coded(TypeError, 'ERR_MISSING_ARGS', 'Not enough arguments to MessagePort.postMessage');
    }
    const list = transferListOf(options);
    const end = openEnd(this);
    const peer = end?.peer;
    const isLost = peer !== undefined && list.some((one) => one?.[kEnd] === peer);
    const moved = [];
    const copy = cloneAndTransfer(value, list, this, moved);
    if (isLost) {
      process.emitWarning('The target port was posted to itself, and the communication channel was lost');
      peer.drop();
      end.drop();
      return;
    }
    peer?.push({ value: copy, ports: moved.filter((one) => one instanceof MessagePort) });
  },
  start() { openEnd(this)?.start(); },
  close(callback) {
    if (typeof callback === 'function') this.once('close', callback);
    this[kEnd]?.close();
  },
  ref() { openEnd(this)?.setRef(true); },
  unref() { openEnd(this)?.setRef(false); },
  hasRef() { return this[kEnd]?.isRef; },
};
for (const name of Object.keys(methods)) {
  Object.defineProperty(MessagePort.prototype, name, { value: methods[name], writable: true, configurable: true,
    enumerable: true });
}
defineEventHandler(MessagePort.prototype, 'message');
defineEventHandler(MessagePort.prototype, 'messageerror');

// A port receives, and keeps the loop running, while it has a listener.
function onNewListener(list, type, entry) {
  Reflect.apply(NodeEventTarget.prototype[kNewListener], this, [list, type, entry]);
  if (type !== 'message' || list.size !== 1 || openEnd(this) === undefined) return;
  this[kEnd].setRef(true);
  this[kEnd].start();
}

function onRemoveListener(list, type) {
  if (type !== 'message' || list.size !== 0 || openEnd(this) === undefined) return;
  this[kEnd].setRef(false);
  this[kEnd].stop();
}

const hidden = {
  [Symbol.toStringTag]: 'EventTarget',
  [kNewListener]: onNewListener,
  [kRemoveListener]: onRemoveListener,
  [kCreateEvent](type, value) {
    if (type !== 'message' && type !== 'messageerror') {
      return Reflect.apply(NodeEventTarget.prototype[kCreateEvent], this, [type, value]);
    }
    const { MessageEvent } = require('internal/message_event');
    const ports = this[kPorts] ?? [];
    this[kPorts] = undefined;
    return new MessageEvent(type, { data: value, ports });
  },
  [checkedBy](source) {
    if (this === source) refuse('Transfer list contains source port');
    if (openEnd(this) === undefined) refuse('MessagePort in transfer list is already detached');
  },
  [transferredBy]() {
    const copy = makePort();
    return {
      copy,
      move: () => {
        const end = this[kEnd];
        this[kEnd] = undefined;
        end.stop();
        end.setRef(false);
        own(copy, end);
      },
    };
  },
  [customInspect]() {
    if (this[kEnd] === undefined && !Object.hasOwn(this, kEnd)) return this;
    const shown = openEnd(this) === undefined ? { active: false } : { active: true, refed: this.hasRef() };
    return Object.assign(Object.create(MessagePort.prototype), shown, this);
  },
};
for (const name of Object.getOwnPropertySymbols(hidden)) {
  Object.defineProperty(MessagePort.prototype, name, { value: hidden[name], writable: true, configurable: true,
    enumerable: false });
}

function MessageChannel() {
  if (new.target === undefined) throw new ERR_CONSTRUCT_CALL_REQUIRED('MessageChannel');
  const group = new Set();
  this.port1 = makePort(new End(group, true));
  this.port2 = makePort(new End(group, true));
}

function isPort(value) {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, kEnd);
}

// receiveMessageOnPort returns the next message, if there is one, without waiting for the loop.
function receiveMessageOnPort(port) {
  const end = isPort(port) ? openEnd(port) : require('internal/broadcast_channel').endOf(port);
  if (end === null) {
    throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "port" argument must be a MessagePort instance');
  }
  const message = end?.take();
  return message === undefined ? undefined : { message: message.value };
}

// moveMessagePortToContext always throws: a port of one context means nothing in another.
function moveMessagePortToContext(port) {
  if (!isPort(port)) throw new ERR_INVALID_ARG_TYPE('port', 'MessagePort', port);
  if (openEnd(port) === undefined) throw new ERR_CLOSED_MESSAGE_PORT();
  throw new codes.ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('worker_threads.moveMessagePortToContext');
}

module.exports = { MessageChannel, MessagePort, moveMessagePortToContext, receiveMessageOnPort };
