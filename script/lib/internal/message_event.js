'use strict';

const { Event } = require('internal/event_target');

function describe(value) {
  if (typeof value === 'string') return value;
  if (value === null || typeof value !== 'object') return String(value);
  return JSON.stringify(value) ?? Object.prototype.toString.call(value);
}

function checkPort(value, name) {
  const { MessagePort } = require('internal/message_port');
  if (value instanceof MessagePort) return;
  throw new TypeError(`MessageEvent constructor: Expected eventInitDict.${name} ("${describe(value)}") to be an instance of MessagePort.`);
}

// MessageEvent is the event that listeners in the style of the web get for a message.
class MessageEvent extends Event {
  #data; #origin; #lastEventId; #source; #ports;

  constructor(type, options = undefined) {
    super(type, options);
    const { data = null, origin = '', lastEventId = '', source = null, ports = [] } = options ?? {};
    if (source !== null) checkPort(source, 'source');
    if (typeof ports?.[Symbol.iterator] !== 'function') {
      throw new TypeError(`MessageEvent constructor: eventInitDict.ports (${describe(ports)}) is not iterable.`);
    }
    const list = [...ports];
    list.forEach((port, i) => checkPort(port, `ports[${i}]`));
    this.#data = data;
    this.#origin = `${origin}`;
    this.#lastEventId = `${lastEventId}`;
    this.#source = source;
    this.#ports = Object.freeze(list);
  }

  get data() { return this.#data; }
  get origin() { return this.#origin; }
  get lastEventId() { return this.#lastEventId; }
  get source() { return this.#source; }
  get ports() { return this.#ports; }
}

for (const name of ['data', 'origin', 'lastEventId', 'source', 'ports']) {
  Object.defineProperty(MessageEvent.prototype, name, { enumerable: true });
}
Object.defineProperty(MessageEvent.prototype, Symbol.toStringTag, { value: 'MessageEvent', configurable: true });

module.exports = { MessageEvent };
