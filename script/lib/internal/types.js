'use strict';

// The class as which a value was made, whatever its prototype is.

const { classOf, classes } = internalBinding('inside');

// is returns a function that reports whether a value is of one of those classes.
function is(...names) {
  const [a, b] = names.map((name) => classes[name]);
  if (b === undefined) return (value) => classOf(value) === a;
  return (value) => {
    const c = classOf(value);
    return c === a || c === b;
  };
}

const types = {
  isExternal: (value) => classOf(value) === classes.External && Object.getPrototypeOf(value) === null,
  isDate: is('Date'),
  isArgumentsObject: is('Arguments', 'MappedArguments'),
  isBigIntObject: is('BigInt'),
  isBooleanObject: is('Boolean'),
  isNumberObject: is('Number'),
  isStringObject: is('String'),
  isSymbolObject: is('Symbol'),
  isBoxedPrimitive(value) {
    const c = classOf(value);
    return c === classes.Number || c === classes.String || c === classes.Boolean || c === classes.BigInt ||
      c === classes.Symbol;
  },
  isNativeError: is('Error'),
  isRegExp: is('RegExp'),
  isAsyncFunction: is('AsyncFunction', 'AsyncGeneratorFunction'),
  isGeneratorFunction: is('GeneratorFunction', 'AsyncGeneratorFunction'),
  isGeneratorObject: is('Generator', 'AsyncGenerator'),
  isPromise: is('Promise'),
  isMap: is('Map'),
  isSet: is('Set'),
  isMapIterator: is('MapIterator'),
  isSetIterator: is('SetIterator'),
  isWeakMap: is('WeakMap'),
  isWeakSet: is('WeakSet'),
  isArrayBuffer: is('ArrayBuffer'),
  isDataView: is('DataView'),
  isSharedArrayBuffer: is('SharedArrayBuffer'),
  isProxy: is('Proxy'),
  isModuleNamespaceObject: is('Module'),
  isAnyArrayBuffer: is('ArrayBuffer', 'SharedArrayBuffer'),
  isCryptoKey: () => false,
  isKeyObject: () => false,
  isEventTarget: (value) => value !== null && typeof value === 'object' &&
    require('internal/event_target').isEventTarget?.(value) === true,
  isArrayBufferView: ArrayBuffer.isView,
  isTypedArray(value) {
    const c = classOf(value);
    return classes.Uint8ClampedArray <= c && c <= classes.Float64Array;
  },
};

for (const name of ['Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array', 'Int8Array', 'Int16Array',
  'Int32Array', 'Float16Array',
  'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array']) {
  types[`is${name}`] = is(name);
}

module.exports = types;
