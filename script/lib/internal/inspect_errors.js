'use strict';

// The look of errors: their stack, completed where it lacks the class or the message, and properties that the stack
// does not show.

const { formatValue, isOverflow } = require('internal/inspect');
const { nameOf } = require('internal/inspect_names');

// partsOf returns the properties of an error that are shown, undefined if reading one fails: showing an error must not
// fail.
function partsOf(error) {
  try {
    const { name, message, stack, cause } = error;
    return { name, message: typeof message === 'string' ? message : '', stack, cause };
  } catch {
    return undefined;
  }
}

function errorLook(keysOf, state, error, level, constructor, tag) {
  const keys = keysOf(state, error);
  const parts = partsOf(error);
  if (parts === undefined) {
    const base = Object.prototype.toString.call(error);
    return keys.length === 0 ? { text: base, base, keys, isList: false } : { base, keys, isList: false };
  }
  const stack = stackOf(state, error, parts, level);
  if (!state.showHidden) removeKnown(keys, error, stack);
  if (Object.hasOwn(error, 'cause') && !keys.includes('cause')) keys.push('cause');
  try {
    if (Object.hasOwn(error, 'errors') && Array.isArray(error.errors) && !keys.includes('errors')) keys.push('errors');
  } catch {
    // The stack cannot be read.
  }
  const base = lines(state, error, parts, improve(stack, parts.name, constructor, tag));
  return keys.length === 0 ? { text: base, base, keys, isList: false } : { base, keys, isList: false };
}

const framesOnly = /^ {4}at /;

// stackOf returns an error's stack with its header.
function stackOf(state, error, { stack }, level) {
  if (typeof stack === 'string' && stack !== '') {
    return framesOnly.test(stack) ? `${titleOf(error)}\n${stack.trimEnd()}` : stack;
  }
  const title = titleOf(error);
  if (!stack || typeof stack === 'string') return title;
  const { compact } = state;
  state.seen.push(error);
  state.indentationLvl += 4;
  state.compact = false;
  let text;
  try {
    text = formatValue(state, stack, level);
  } finally {
    state.compact = compact;
    state.indentationLvl -= 4;
    state.seen.pop();
  }
  return `${title}\n    ${text}`;
}

function titleOf(error) {
  try {
    return Error.prototype.toString.call(error);
  } catch (failure) {
    if (isOverflow(failure)) throw failure;
    return Object.prototype.toString.call(error);
  }
}

// removeKnown removes the properties that the stack shows.
function removeKnown(keys, error, stack) {
  for (const name of ['name', 'message', 'stack']) {
    const i = keys.indexOf(name);
    if (i >= 0 && (typeof error[name] !== 'string' || stack.includes(error[name]))) keys.splice(i, 1);
  }
}

const startOfStack = /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/;
const onlyName = /^([a-z_A-Z0-9-]*Error)$/;

// improve adds the class of the error to the first line.
function improve(stack, name, constructor, tag) {
  if (name == null) {
    name = 'Error';
  } else if (typeof name !== 'string') {
    let text;
    try {
      text = String(name);
    } catch {
      return stack;
    }
    return stack.replace(text, () => `${text} [${nameOf(constructor, tag, 'Error').slice(0, -1)}]`);
  }
  let { length } = name;
  const isTitle = name.endsWith('Error') && stack.startsWith(name) &&
    (stack.length === length || stack[length] === ':' || stack[length] === '\n');
  if (constructor !== null && !isTitle) return stack;
  let fallback = 'Error';
  if (constructor === null) {
    const title = (startOfStack.exec(stack) ?? onlyName.exec(stack))?.[1] ?? '';
    ({ length } = title);
    fallback = title || 'Error';
  }
  const prefix = nameOf(constructor, tag, fallback).slice(0, -1);
  if (name === prefix) return stack;
  if (!prefix.includes(name)) return `${prefix} [${name}]${stack.slice(length)}`;
  return length === 0 ? `${prefix}: ${stack}` : `${prefix}${stack.slice(length)}`;
}

// lines returns the stack with indented frames, or in brackets if it has no frames.
function lines(state, error, { message, cause }, stack) {
  const at = (message !== '' && stack.indexOf(message)) || -1;
  const start = stack.indexOf('\n    at', at === -1 ? 0 : at + message.length);
  if (start === -1) {
    stack = `[${stack}]`;
  } else {
    let frames = withoutCause(state, stack.slice(start + 1).split('\n'), cause);
    frames = collapse(state, frames);
    if (state.colors) frames = frames.map((frame) => color(state, frame));
    stack = [stack.slice(0, start), ...frames].join('\n');
  }
  if (state.indentationLvl !== 0) stack = stack.replaceAll('\n', `\n${' '.repeat(state.indentationLvl)}`);
  return stack;
}

// withoutCause leaves out the frames that the error shares with its cause.
function withoutCause(state, frames, cause) {
  if (!(cause instanceof Object) || !isErrorLike(cause)) return frames;
  let stack;
  try {
    ({ stack } = cause);
  } catch {
    return frames;
  }
  if (typeof stack !== 'string') return frames;
  const start = stack.indexOf('\n    at');
  if (start === -1) return frames;
  const { from, length } = common(frames, stack.slice(start + 1).split('\n'));
  if (length <= 3) return frames;
  const skipped = length - 2;
  const text = `    ... ${skipped} lines matching cause stack trace ...`;
  return [...frames.slice(0, from + 1), state.stylize(text, 'undefined'), ...frames.slice(from + 1 + skipped)];
}

function isErrorLike(value) {
  const { classOf, classes } = internalBinding('inside');
  return classOf(value) === classes.Error || Error.prototype.isPrototypeOf(value);
}

// common returns where the longest row of equal frames begins in a, and how long it is.
function common(a, b) {
  for (let i = 0; i < a.length - 3; i++) {
    const j = b.indexOf(a[i]);
    if (j === -1) continue;
    const rest = b.length - j;
    if (rest <= 3) continue;
    let length = 1;
    const most = Math.min(a.length - i, rest);
    while (length < most && a[i + length] === b[j + length]) length++;
    if (length > 3) return { from: i, length };
  }
  return { from: 0, length: 0 };
}

const mostFrames = 10; // rows of frames up to this length are searched

// collapse removes rows of frames that repeat the row before them: a recursion.
function collapse(state, frames) {
  if (frames.length < 11) return frames;
  const out = [];
  for (let i = 0; i < frames.length;) {
    const row = repeated(frames, i);
    if (row === undefined) {
      out.push(frames[i++]);
      continue;
    }
    const { length, times } = row;
    out.push(...frames.slice(i, i + length));
    const which = times > 1 ? `${length} lines ${times} times...` : 'lines ...';
    out.push(state.stylize(`    ... collapsed ${length * times} duplicate lines matching above ${which}`, 'undefined'));
    i += length * (times + 1);
  }
  return out;
}

// repeated returns the row that begins at i and is repeated after itself, if that saves enough lines.
function repeated(frames, i) {
  let best;
  for (let length = 1; length <= mostFrames && i + 2 * length <= frames.length; length++) {
    let times = 0;
    while (isSame(frames, i, i + (times + 1) * length, length)) times++;
    if (times === 0 || length * times < 3) continue;
    if (best === undefined || length * times > best.length * best.times) best = { length, times };
  }
  return best;
}

function isSame(frames, a, b, length) {
  if (b + length > frames.length) return false;
  for (let i = 0; i < length; i++) if (frames[a + i] !== frames[b + i]) return false;
  return true;
}

const libraryFrame = /^ {4}at (?:[^/\\(]+ \(|)node:(.+):\d+:\d+\)?$/;
const nodeModule = /([/\\]node_modules[/\\])(@[^/\\]+[/\\][^/\\]+|[^/\\]+)(?=[/\\])/g;

// color greys frames of the library and the working directory, and underlines names of packages.
function color(state, frame) {
  const core = libraryFrame.exec(frame);
  if (core !== null && isLibrary(core[1])) return state.stylize(frame, 'undefined');
  frame = frame.replace(nodeModule, (_, slash, name) => `${slash}${state.stylize(name, 'module')}`);
  return greyDirectory(state, frame);
}

const coreOfNode = new Set(['internal/modules/cjs/loader', 'internal/modules/helpers']);

function isLibrary(id) {
  return coreOfNode.has(id) || internalBinding('host').hasLibrary(id);
}

function greyDirectory(state, frame) {
  let directory;
  try {
    directory = process.cwd();
  } catch {
    return frame;
  }
  const grey = (text) => state.stylize(text, 'undefined');
  for (const place of [`file://${encodeURI(directory)}`, directory]) {
    let i = frame.indexOf(place);
    if (i === -1) continue;
    let end = i + place.length;
    if (frame[end] !== '/' && frame[end] !== '\\') continue;
    end++;
    if (frame[i - 1] !== '(') return frame.slice(0, i) + grey(frame.slice(i, end)) + frame.slice(end);
    i--;
    return frame.slice(0, i) + grey(frame.slice(i, end)) + frame.slice(end, -1) + grey(')');
  }
  return frame;
}

module.exports = { errorLook };
