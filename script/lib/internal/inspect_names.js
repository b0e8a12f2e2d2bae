'use strict';

// The name of an object: from its constructor, its tag, or its class in the engine.

const { classOf, classes } = internalBinding('inside');

const classNames = new Map(Object.entries(classes).map(([name, number]) => [number, name]));

const functions = new Set(['BytecodeFunction', 'NativeFunction', 'BoundFunction']);
const likeObjects = new Set([undefined, 'Generator', 'AsyncGenerator', 'MapIterator', 'SetIterator', 'Arguments',
  'MappedArguments']);

// className returns the class as which an object was made.
function className(object) {
  const name = classNames.get(classOf(object));
  if (functions.has(name)) return 'Function';
  return likeObjects.has(name) ? 'Object' : name;
}

function isInstance(object, constructor) {
  try {
    return object instanceof constructor;
  } catch {
    return false;
  }
}

let builtins; // names of the language's own constructors

function isBuiltin(name) {
  builtins ??= new Set(Object.getOwnPropertyNames(globalThis).filter((one) => /^[A-Z][a-zA-Z0-9]+$/.test(one) &&
    one !== 'Buffer'));
  return builtins.has(name);
}

// plainConstructor reports whether a prototype still has the constructor that the language gave it.
const plainConstructor = (prototype, constructor) => prototype.constructor === constructor;

// constructorName returns the name of the first constructor in the chain of prototypes, null if
// there is no chain. With inherited, properties of prototypes that scripts have made are added to
// that.
function constructorName(object, state, level, inherited) {
  const prototype = Object.getPrototypeOf(object);
  if (inherited === undefined && !Object.hasOwn(object, 'constructor')) {
    // Most values are recognised without reading descriptors.
    if (prototype === Object.prototype && plainConstructor(prototype, Object)) return 'Object';
    if (prototype === Array.prototype && plainConstructor(prototype, Array)) return 'Array';
  }
  let first;
  const original = object;
  while (object !== null) {
    let constructor = Object.getOwnPropertyDescriptor(object, 'constructor')?.value;
    if (constructor === undefined && object === Promise.prototype) constructor = Promise; // See internal/async_context.
    if (typeof constructor === 'function' && constructor.name !== '' && isInstance(original, constructor)) {
      if (inherited !== undefined && (first !== object || !isBuiltin(constructor.name))) {
        collect(state, original, first ?? original, inherited);
      }
      return String(constructor.name);
    }
    object = Object.getPrototypeOf(object);
    if (first === undefined) first = object;
  }
  if (first === null) return null;
  const name = className(original);
  if (level > state.depth && state.depth !== null) return `${name} <Complex prototype>`;
  const of = constructorName(first, state, level + 1, inherited);
  if (of === null) {
    const { inspect } = require('internal/inspect');
    return `${name} <${inspect(first, { customInspect: false, depth: -1, colors: state.colors, stylize: state.stylize })}>`;
  }
  return `${name} <${of}>`;
}

// collect adds the properties, except functions and constructors, of prototypes other than the language's.
function collect(state, original, object, inherited) {
  let keys = new Set();
  for (let depth = 0; depth < 3; depth++) {
    if (depth !== 0 || original === object) {
      object = Object.getPrototypeOf(object);
      if (object === null) break;
      const constructor = Object.getOwnPropertyDescriptor(object, 'constructor')?.value;
      if (typeof constructor === 'function' && isBuiltin(constructor.name)) break;
    }
    if (depth === 0) keys = new Set(Reflect.ownKeys(original));
    const own = Reflect.ownKeys(object);
    state.seen.push(original);
    for (const key of own) {
      if (key === 'constructor' || Object.hasOwn(original, key) || keys.has(key)) continue;
      const descriptor = Object.getOwnPropertyDescriptor(object, key);
      if (typeof descriptor.value === 'function') continue;
      keys.add(key);
      inherited.push({ key, descriptor, holder: object });
    }
    state.seen.pop();
  }
}

// nameOf returns the text before the braces.
function nameOf(constructor, tag, fallback, size = '') {
  if (constructor === null) {
    if (tag !== '' && fallback !== tag) return `[${fallback}${size}: null prototype] [${tag}] `;
    return `[${fallback}${size}: null prototype] `;
  }
  return tag !== '' && constructor !== tag ? `${constructor}${size} [${tag}] ` : `${constructor}${size} `;
}

module.exports = { className, constructorName, isBuiltin, nameOf };
