'use strict';

const { codes: { ERR_CONTEXT_NOT_INITIALIZED, ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const {
  validateArray, validateBoolean, validateBuffer, validateInt32, validateObject, validateOneOf, validateString,
  validateStringArray,
  validateUint32,
} = require('internal/validators');

const binding = internalBinding('vm');

// Sandbox adds a Context to any object, as a private name. A WeakMap would keep both for ever, because they refer to
// each other.
class Sandbox extends class { constructor(object) { return object; } } {
  #context;

  static put(object, context) {
    new Sandbox(object).#context = context;
  }

  static has(object) { return #context in object; }
  static get(object) { return #context in object ? object.#context : undefined; }
}

const dontContextify = Symbol('vm_context_no_contextify');
const useMainContextDefaultLoader = Symbol('vm_dynamic_import_main_context_default');

// Context is another global object. It has the properties of its sandbox while a script runs, and the sandbox gets the
// script's properties afterwards.
class Context {
  constructor(sandbox) {
    this.sandbox = sandbox;
    this.realm = binding.realm();
    this.global = binding.globalOf(this.realm);
    this.builtins = new Map(Reflect.ownKeys(this.global).map((key) =>
      [key, Object.getOwnPropertyDescriptor(this.global, key).value]));
    this.given = new Set(); // keys of the sandbox that the global object has had
  }

  run(source, filename, { timeout, breakOnSigint }) {
    if (this.sandbox === this.global) return binding.run(this.realm, source, filename, timeout, breakOnSigint);
    this.enter();
    try {
      return binding.run(this.realm, source, filename, timeout, breakOnSigint);
    } finally {
      this.leave();
    }
  }

  enter() {
    const { global, sandbox, given } = this;
    for (const key of given) if (!(key in sandbox)) delete global[key];
    given.clear();
    for (const key of Reflect.ownKeys(sandbox)) {
      const descriptor = Object.getOwnPropertyDescriptor(sandbox, key);
      if (descriptor === undefined) continue;
      given.add(key);
      const own = Object.getOwnPropertyDescriptor(global, key);
      if (own !== undefined && !own.configurable) {
        if (own.writable) global[key] = sandbox[key];
      } else if ('value' in descriptor) {
        Object.defineProperty(global, key, descriptor);
      } else {
        Object.defineProperty(global, key, {
          get: descriptor.get && (() => sandbox[key]), set: descriptor.set && ((value) => { sandbox[key] = value; }),
          configurable: true, enumerable: descriptor.enumerable,
        });
      }
    }
  }

  leave() {
    const { global, sandbox, given, builtins } = this;
    for (const key of given) if (!Object.hasOwn(global, key)) delete sandbox[key];
    for (const key of Reflect.ownKeys(global)) {
      const descriptor = Object.getOwnPropertyDescriptor(global, key);
      if (!given.has(key) && builtins.has(key) && builtins.get(key) === descriptor.value) continue;
      given.add(key);
      const own = Object.getOwnPropertyDescriptor(sandbox, key);
      if (own !== undefined && ('get' in own || own.value === descriptor.value)) continue;
      try {
        if (own === undefined) Object.defineProperty(sandbox, key, { ...descriptor, configurable: true });
        else sandbox[key] = global[key];
      } catch {
        // The sandbox does not accept it.
      }
    }
  }
}

function isContext(object) {
  validateObject(object, 'object', { nullable: false, allowArray: true, allowFunction: true });
  return Sandbox.has(object);
}

function createContext(contextObject = {}, options = {}) {
  if (contextObject === dontContextify) {
    const context = new Context();
    context.sandbox = context.global;
    Sandbox.put(context.global, context);
    return context.global;
  }
  if (isContext(contextObject)) return contextObject;
  validateObject(options, 'options');
  const { name, origin, codeGeneration, microtaskMode } = options;
  if (name !== undefined) validateString(name, 'options.name');
  if (origin !== undefined) validateString(origin, 'options.origin');
  if (codeGeneration !== undefined) validateObject(codeGeneration, 'options.codeGeneration');
  if (codeGeneration?.strings !== undefined) validateBoolean(codeGeneration.strings, 'options.codeGeneration.strings');
  if (codeGeneration?.wasm !== undefined) validateBoolean(codeGeneration.wasm, 'options.codeGeneration.wasm');
  if (microtaskMode !== undefined) validateOneOf(microtaskMode, 'options.microtaskMode', ['afterEvaluate', undefined]);
  Sandbox.put(contextObject, new Context(contextObject));
  return contextObject;
}

function contextOf(contextifiedObject) {
  if (contextifiedObject === null || (typeof contextifiedObject !== 'object' &&
    typeof contextifiedObject !== 'function')) {
    throw new ERR_INVALID_ARG_TYPE('contextifiedObject', 'Object', contextifiedObject);
  }
  const context = Sandbox.get(contextifiedObject);
  if (context === undefined) throw new ERR_INVALID_ARG_TYPE('contextifiedObject', 'vm.Context', contextifiedObject);
  return context;
}

// limitsOf checks the options of a run, and returns its limits: milliseconds, 0 for none, and whether SIGINT ends it.
function limitsOf(options = {}) {
  validateObject(options, 'options');
  const { timeout = 0, displayErrors, breakOnSigint = false } = options;
  if (options.timeout !== undefined) validateUint32(timeout, 'options.timeout', true);
  if (displayErrors !== undefined) validateBoolean(displayErrors, 'options.displayErrors');
  validateBoolean(breakOnSigint, 'options.breakOnSigint');
  return { timeout, breakOnSigint };
}

class Script {
  #source; #filename;

  constructor(code, options = {}) {
    code = `${code}`;
    if (typeof options === 'string') options = { filename: options };
    else validateObject(options, 'options');
    const {
      filename = 'evalmachine.<anonymous>', lineOffset = 0, columnOffset = 0, cachedData, produceCachedData = false,
    } = options;
    validateString(filename, 'options.filename');
    validateInt32(lineOffset, 'options.lineOffset');
    validateInt32(columnOffset, 'options.columnOffset');
    if (cachedData !== undefined && !ArrayBuffer.isView(cachedData)) {
      throw new ERR_INVALID_ARG_TYPE('options.cachedData', ['Buffer', 'TypedArray', 'DataView'], cachedData);
    }
    validateBoolean(produceCachedData, 'options.produceCachedData');
    // An offset moves the script down in its file.
    this.#source = lineOffset > 0 && lineOffset < mostOffset ? '\n'.repeat(lineOffset) + code : code;
    this.#filename = filename;
    binding.compile(this.#source, filename);
    if (cachedData !== undefined) this.cachedDataRejected = true;
    this.sourceMapURL = /\/\/[#@] sourceMappingURL=(\S+)\s*$/.exec(code)?.[1];
  }

  runInThisContext(options) {
    const { timeout, breakOnSigint } = limitsOf(options);
    return binding.run(undefined, this.#source, this.#filename, timeout, breakOnSigint);
  }

  runInContext(contextifiedObject, options) {
    const context = contextOf(contextifiedObject);
    return context.run(this.#source, this.#filename, limitsOf(options));
  }

  runInNewContext(contextObject, options) {
    const context = createContext(contextObject, contextOptions(options));
    return this.runInContext(context, options);
  }

  createCachedData() {
    return Buffer.from(this.#source);
  }
}

const mostOffset = 1e5; // lines that a script can be moved down; with a larger offset, reported lines are wrong

function contextOptions(options) {
  if (options === undefined || options === null || typeof options !== 'object') return {};
  const { contextName, contextOrigin, contextCodeGeneration, microtaskMode } = options;
  if (contextName !== undefined) validateString(contextName, 'options.contextName');
  if (contextOrigin !== undefined) validateString(contextOrigin, 'options.contextOrigin');
  if (contextCodeGeneration !== undefined) validateObject(contextCodeGeneration, 'options.contextCodeGeneration');
  return { name: contextName, origin: contextOrigin, codeGeneration: contextCodeGeneration, microtaskMode };
}

const optionsOf = (options) => (typeof options === 'string' ? { filename: options } : options);

function runInContext(code, contextifiedObject, options) {
  contextOf(contextifiedObject);
  options = optionsOf(options);
  return new Script(code, options).runInContext(contextifiedObject, options);
}

function runInNewContext(code, contextObject, options) {
  options = optionsOf(options);
  return runInContext(code, createContext(contextObject, contextOptions(options)), options);
}

function runInThisContext(code, options) {
  options = optionsOf(options);
  return new Script(code, options).runInThisContext(options);
}

function compileFunction(code, params = [], options = {}) {
  validateString(code, 'code');
  validateObject(options, 'options');
  validateArray(params, 'params');
  validateStringArray(params, 'params');
  const {
    filename = '', lineOffset = 0, columnOffset = 0, cachedData, produceCachedData = false, parsingContext,
    contextExtensions = [],
  } = options;
  validateString(filename, 'options.filename');
  validateInt32(lineOffset, 'options.lineOffset');
  validateInt32(columnOffset, 'options.columnOffset');
  if (cachedData !== undefined) validateBuffer(cachedData, 'options.cachedData');
  validateBoolean(produceCachedData, 'options.produceCachedData');
  if (parsingContext !== undefined && (typeof parsingContext !== 'object' || parsingContext === null ||
    !isContext(parsingContext))) {
    throw new ERR_INVALID_ARG_TYPE('options.parsingContext', 'Context', parsingContext);
  }
  validateArray(contextExtensions, 'options.contextExtensions');
  contextExtensions.forEach((one, i) => validateObject(one, `options.contextExtensions[${i}]`, { nullable: true }));
  const source = `(function (${params.join(',')}) {\n${code}\n})`;
  return parsingContext === undefined ? binding.run(undefined, source, filename, 0) :
    contextOf(parsingContext).run(source, filename, 0);
}

function measureMemory(options = {}) {
  validateObject(options, 'options');
  validateOneOf(options.mode ?? 'summary', 'options.mode', ['summary', 'detailed']);
  validateOneOf(options.execution ?? 'default', 'options.execution', ['default', 'eager']);
  return Promise.reject(new ERR_CONTEXT_NOT_INITIALIZED());
}

module.exports = {
  Script, createContext,
  createScript: (code, options) => new Script(code, options),
  runInContext, runInNewContext, runInThisContext, isContext, compileFunction, measureMemory,
  constants: Object.freeze({
    __proto__: null, USE_MAIN_CONTEXT_DEFAULT_LOADER: useMainContextDefaultLoader, DONT_CONTEXTIFY: dontContextify,
  }),
};
