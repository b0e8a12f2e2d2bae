'use strict';

// CommonJS: modules of the library and of files.

const {
  codes: { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM, ERR_INVALID_ARG_VALUE, ERR_REQUIRE_CYCLE_MODULE, ERR_REQUIRE_ESM,
    ERR_UNKNOWN_BUILTIN_MODULE },
} = require('internal/errors');
const diagnostics = require('internal/diagnostics');
const { validateString } = require('internal/validators');

const host = internalBinding('host');
const modules = internalBinding('modules');

const builtinModules = [
  '_http_agent', '_http_client', '_http_common', '_http_incoming', '_http_outgoing', '_http_server', '_stream_duplex',
  '_stream_passthrough', '_stream_readable', '_stream_transform', '_stream_writable', 'assert', 'assert/strict',
  'async_hooks', 'buffer', 'child_process', 'cluster', 'console', 'constants', 'crypto', 'dgram',
  'diagnostics_channel', 'dns', 'dns/promises', 'domain', 'events', 'fs', 'fs/promises', 'http', 'http2', 'https',
  'inspector', 'inspector/promises', 'module', 'net', 'os', 'path', 'path/posix', 'path/win32', 'perf_hooks',
  'process', 'punycode', 'querystring', 'readline', 'readline/promises', 'repl', 'stream', 'stream/consumers',
  'stream/promises', 'stream/web', 'string_decoder', 'sys', 'timers', 'timers/promises', 'tls', 'tty', 'url', 'util',
  'util/types', 'v8', 'vm', 'worker_threads', 'zlib',
];
const schemeOnly = ['test', 'brood'];

// builtinID returns the library's name of a requested module, undefined if the request is for a file.
function builtinID(request) {
  if (request.startsWith('node:')) {
    const id = request.slice(5);
    if (builtinModules.includes(id) || schemeOnly.includes(id)) return id;
    throw new ERR_UNKNOWN_BUILTIN_MODULE(request);
  }
  if (request === 'brood' || builtinModules.includes(request)) return request;
  if (host.exposeInternals && request.startsWith('internal/') && host.hasLibrary(request)) return request;
  return undefined;
}

function getBuiltin(id) {
  validateString(id, 'id');
  const name = id.replace(/^node:/, '');
  const isKnown = builtinModules.includes(name) || name === 'brood' || (name !== id && schemeOnly.includes(name));
  return isKnown ? require(name) : undefined;
}

const kParent = Symbol('parent');

function Module(id = '', parent) {
  this.id = id;
  this.path = modules.dirname(id);
  this.exports = {};
  Object.defineProperty(this, kParent, { value: parent, writable: true, configurable: true, enumerable: false });
  this.filename = null;
  this.loaded = false;
  this.children = [];
  this.paths = [];
  parent?.children?.push(this);
}

Module.Module = Module;
Module.builtinModules = [...builtinModules, ...schemeOnly.map((id) => `node:${id}`)];
Module._cache = Object.create(null);
Module._pathCache = Object.create(null);
Module._extensions = Object.create(null);
Module.globalPaths = modules.globalPaths(); // of the environment at the start of the program
Module.isBuiltin = (request) => {
  try {
    return builtinID(String(request)) !== undefined;
  } catch {
    return false;
  }
};
Module._nodeModulePaths = (from) => modules.nodeModulePaths(from);
Module._resolveFilename = (request, parent, isMain, options) => {
  if (request.startsWith('node:') && !Module.isBuiltin(request)) {
    throw withStack(Object.assign(new Error(`Cannot find module '${request}'`), { code: 'MODULE_NOT_FOUND' }), parent);
  }
  if (builtinID(request) !== undefined) return request;
  if (options !== null && typeof options === 'object' && options.paths !== undefined) {
    if (!Array.isArray(options.paths)) throw new ERR_INVALID_ARG_VALUE('options.paths', options.paths);
    return resolveFrom(request, options.paths, parent);
  }
  if (parent?.filename && request[0] !== '#' && request.endsWith('/..')) request += '/';
  const dir = parent?.filename ? modules.dirname(parent.filename) : parent?.path ?? process.cwd();
  const isBare = !/^(\.{0,2}\/|\.{1,2}$|#)/.test(request);
  if (isBare && parent?.paths !== undefined) {
    // A script may have changed the directories that are searched.
    const usual = modules.nodeModulePaths(dir);
    if (parent.paths.length !== usual.length || parent.paths.some((path, i) => path !== usual[i])) {
      const found = modules.resolveIn(request, parent.paths);
      if (found !== undefined) return found;
    }
  }
  const name = findByExtension(request, dir, isBare);
  if (name !== undefined) return name;
  try {
    return modules.resolve(request, dir);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    if (isBare && Module.globalPaths.length > 0) {
      const found = modules.resolveIn(request, Module.globalPaths);
      if (found !== undefined) return found;
    }
    throw withStack(error, parent);
  }
};

const ownExtensions = new Set(['.js', '.json', '.node']);

// registeredExtension returns the longest extension of a file that require.extensions has.
function registeredExtension(filename) {
  const start = filename.lastIndexOf('/') + 2; // A name that begins with a dot has no extension there.
  for (let at = filename.indexOf('.', start); at >= 0; at = filename.indexOf('.', at + 1)) {
    const extension = filename.slice(at);
    if (Module._extensions[extension]) return extension;
  }
  return '.js';
}

// findByExtension tries the extensions that a script has added to require.extensions.
function findByExtension(request, dir, isBare) {
  const added = Object.keys(Module._extensions).filter((extension) => !ownExtensions.has(extension));
  if (added.length === 0 || isBare || /\/$|(^|\/)\.{1,2}$/.test(request)) return undefined;
  const path = request.startsWith('/') ? request : `${dir}/${request}`;
  const fs = require('fs');
  const isFile = (file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  if (isFile(path) || [...ownExtensions].some((extension) => isFile(path + extension))) return undefined;
  for (const extension of added) {
    if (isFile(path + extension)) return fs.realpathSync(path + extension);
  }
  return undefined;
}

// resolveFrom is require.resolve with the option paths.
function resolveFrom(request, paths, parent) {
  let failure;
  for (const path of paths) {
    validateString(path, 'options.paths');
    try {
      return modules.resolve(request, modules.absolute(path));
    } catch (error) {
      failure = error;
    }
  }
  failure ??= Object.assign(new Error(`Cannot find module '${request}'`), { code: 'MODULE_NOT_FOUND' });
  throw withStack(failure, parent);
}

// withStack adds the chain of requiring modules to an error.
function withStack(failure, parent) {
  if (failure.code !== 'MODULE_NOT_FOUND') return failure;
  const stack = [];
  for (let one = parent; one; one = one[kParent]) stack.push(one.filename || one.id);
  if (stack.length > 0) failure.message += `\nRequire stack:\n- ${stack.join('\n- ')}`;
  failure.requireStack = stack;
  Error.captureStackTrace(failure);
  return failure;
}

const requiring = new Set(); // ES modules that require is running
let circular; // internal/circular, once modules have required each other

Module._load = (request, parent, isMain) => {
  if (request.startsWith('node:')) return require(builtinID(request));
  const id = builtinID(request);
  if (id !== undefined) return Module._cache[id] === undefined ? require(id) : Module._cache[id].exports;
  const filename = Module._resolveFilename(request, parent, isMain);
  const cached = Module._cache[filename];
  if (cached !== undefined) {
    if (parent?.children && !parent.children.includes(cached)) parent.children.push(cached);
    if (cached.loaded === false) {
      if (requiring.has(cached)) {
        throw new ERR_REQUIRE_CYCLE_MODULE(`require() ES Module ${filename}`, cached[kParent]?.filename);
      }
      circular ??= require('internal/circular');
      circular.begin(cached.exports);
    }
    return cached.exports;
  }
  const module = new Module(filename, parent);
  if (isMain) {
    module.id = '.';
    process.mainModule = module;
    Module._main = module;
  }
  Module._cache[filename] = module;
  let loaded = false;
  try {
    module.load(filename);
    loaded = true;
    circular?.end(module.exports);
  } finally {
    if (!loaded) {
      delete Module._cache[filename];
      if (parent?.children.at(-1) === module) parent.children.pop();
    }
  }
  return module.exports;
};

let warnsOfParent = require('internal/options').has('--pending-deprecation');

function warnOfParent() {
  if (!warnsOfParent) return;
  warnsOfParent = false;
  process.emitWarning('module.parent is deprecated due to accuracy issues. Please use require.main to find program entry point instead.',
    'DeprecationWarning', 'DEP0144');
}

Object.defineProperty(Module.prototype, 'parent', {
  get() {
    warnOfParent();
    return this[kParent];
  },
  set(value) {
    warnOfParent();
    this[kParent] = value;
  },
  enumerable: false, configurable: true,
});

Module.prototype.load = function load(filename) {
  this.filename = filename;
  this.paths = Module._nodeModulePaths(modules.dirname(filename));
  Module._extensions[registeredExtension(filename)](this, filename);
  this.loaded = true;
};

Module.prototype.require = function (request) {
  validateString(request, 'id');
  if (request === '') throw new ERR_INVALID_ARG_VALUE('id', request, 'must be a non-empty string');
  if (diagnostics.active === undefined) return Module._load(request, this, false);
  const trace = require('diagnostics_channel').tracingChannel('module.require');
  return trace.traceSync(() => Module._load(request, this, false), { id: request, parentFilename: this.filename });
};

let isWrapped = false; // a script has changed Module.wrap or Module.wrapper

let wrapper = ['(function (exports, require, module, __filename, __dirname) { ', '\n});'];
let wrap = (source) => wrapper[0] + source + wrapper[1];

Object.defineProperty(Module, 'wrapper', {
  get: () => new Proxy(wrapper, {
    set(target, name, value) {
      isWrapped = true;
      return Reflect.set(target, name, value);
    },
  }),
  set(value) {
    isWrapped = true;
    wrapper = value;
  },
});
Object.defineProperty(Module, 'wrap', {
  get: () => wrap,
  set(value) {
    isWrapped = true;
    wrap = value;
  },
});

Module.prototype._compile = function _compile(source, filename) {
  const fn = compileFunction(source, filename);
  return fn.call(this.exports, this.exports, makeRequire(this), this, filename, modules.dirname(filename));
};

// compileFunction makes a function of a source, with the wrapper that a script may have changed.
function compileFunction(source, filename) {
  if (!isWrapped) return modules.compile(source, filename);
  return modules.runScript(Module.wrap(source), filename);
}

Module._extensions['.js'] = (module, filename) => {
  const [format, said] = modules.format(filename);
  if (format === 'module') {
    if (module !== Module._main && !/\.\w+$/.test(filename) && isScript(filename)) {
      module._compile(modules.source(filename), filename);
    }
    else loadModule(module, filename);
    return;
  }
  const source = modules.source(filename);
  const options = require('internal/options');
  if (said || !/\b(import|export|await)\b/.test(source) || options.isOff('--experimental-detect-module') ||
      (module !== Module._main && !process.features.require_module)) {
    module._compile(source, filename);
    return;
  }
  try {
    compileFunction(source, filename);
  } catch (error) {
    if (!(error instanceof SyntaxError) || !modules.isModule(source, filename)) throw error;
    modules.setDetected(filename);
    loadModule(module, filename);
    return;
  }
  module._compile(source, filename);
};

// isScript reports whether a file can be read as CommonJS.
const isScript = (filename) => !modules.isModuleOnly(filename);

function loadModule(module, filename) {
  if (module === Module._main) {
    require('internal/main').importMain(filename);
    return;
  }
  if (!process.features.require_module) {
    const mayBeScript = !filename.endsWith('.mjs') && isScript(filename);
    throw new ERR_REQUIRE_ESM(filename, module[kParent]?.filename,
      mayBeScript ? Module.findPackageJSON(filename) : undefined);
  }
  requiring.add(module);
  try {
    module.exports = require('internal/esm').requireModule(filename, module[kParent]);
  } finally {
    requiring.delete(module);
  }
}

// loadImported returns the exports of a CommonJS file that an ES module imports.
function loadImported(filename) {
  const cached = Module._cache[filename];
  if (cached !== undefined && cached.loaded === false && cached.filename === filename) {
    const name = filename.slice(filename.lastIndexOf('/') + 1);
    throw new ERR_REQUIRE_CYCLE_MODULE(`import CommonJS Module ./${name}`, modules.importer(modules.fileURL(filename)));
  }
  return Module._load(filename, undefined, false);
}

Module._extensions['.json'] = (module, filename) => {
  try {
    module.exports = JSON.parse(require('fs').readFileSync(filename, 'utf8').replace(/^\ufeff/, ''));
  } catch (error) {
    error.message = `${filename}: ${error.message}`;
    throw error;
  }
};
Module._extensions['.node'] = (module, filename) => {
  throw Object.assign(new Error(`${filename}: native addons cannot be loaded`), { code: 'ERR_DLOPEN_FAILED' });
};

function makeRequire(module) {
  const fn = function require(request) { return module.require(request); };
  fn.resolve = function resolve(request, options) {
    validateString(request, 'request');
    return Module._resolveFilename(request, module, false, options);
  };
  fn.resolve.paths = (request) => {
    validateString(request, 'request');
    if (builtinID(request) !== undefined) return null;
    if (/^\.{1,2}(\/|$)/.test(request)) return [module.filename ? modules.dirname(module.filename) : '.'];
    return [...module.paths, ...Module.globalPaths];
  };
  fn.main = Module._main;
  fn.extensions = Module._extensions;
  fn.cache = Module._cache;
  return fn;
}

Module.createRequire = (from) => {
  let filename;
  if ((from !== null && typeof from === 'object' && from.href) || (typeof from === 'string' && !from.startsWith('/'))) {
    try {
      filename = require('internal/file_url').fileURLToPath(from);
    } catch {
      throw new ERR_INVALID_ARG_VALUE('filename', from,
        'must be a file URL object, file URL string, or absolute path string');
    }
  } else if (typeof from === 'string') {
    filename = from;
  } else {
    throw new ERR_INVALID_ARG_VALUE('filename', from,
      'must be a file URL object, file URL string, or absolute path string');
  }
  if (filename.endsWith('/')) filename += 'noop.js';
  const module = new Module(filename);
  module.filename = filename;
  module.paths = Module._nodeModulePaths(modules.dirname(filename));
  return makeRequire(module);
};
Module.syncBuiltinESMExports = () => modules.syncBuiltins();
Module.findSourceMap = () => undefined;
Module.runMain = (main = process.argv[1]) => Module._load(main, null, true);
Module._findPath = (request, paths) => {
  try {
    return request.startsWith('/') ? modules.resolve(request, '/') : modules.resolveIn(request, paths ?? []) ?? false;
  } catch {
    return false;
  }
};
Module._resolveLookupPaths = (request, parent) => {
  if (builtinID(request) !== undefined) return null;
  if (!/^\.{1,2}(\/|$)/.test(request)) return [...(parent?.paths ?? []), ...Module.globalPaths];
  return [parent?.filename ? modules.dirname(parent.filename) : '.'];
};
Module._initPaths = () => {
  Module.globalPaths = modules.globalPaths(process.env.HOME ?? '', process.env.NODE_PATH ?? '', process.execPath);
};
Module._preloadModules = (requests) => {
  if (!Array.isArray(requests)) return;
  const parent = new Module('internal/preload', null);
  parent.paths = Module._nodeModulePaths(process.cwd());
  for (const request of requests) parent.require(request);
};

function refuse(name) {
  return { [name]() {
    throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(`module.${name}()`);
  } }[name];
}

for (const name of ['register', 'registerHooks']) Module[name] = refuse(name);
Module.stripTypeScriptTypes = (code, options) => {
  validateString(code, 'code');
  return modules.strip(code, options?.sourceUrl ?? '[typescript]');
};
Module.enableCompileCache = () => ({ status: Module.constants.compileCacheStatus.DISABLED });
Module.getCompileCacheDir = () => undefined;
Module.flushCompileCache = () => {};
Module.constants = Object.freeze({
  compileCacheStatus: Object.freeze({ FAILED: 0, ENABLED: 1, ALREADY_ENABLED: 2, DISABLED: 3 }),
});
Module.getSourceMapsSupport = () => Object.freeze({ __proto__: null, enabled: false, nodeModules: false,
  generatedCode: false });
Module.setSourceMapsSupport = (enabled, options = {}) => {
  const { validateBoolean, validateObject } = require('internal/validators');
  validateBoolean(enabled, 'enabled');
  validateObject(options, 'options');
  for (const name of ['nodeModules', 'generatedCode']) {
    if (options[name] !== undefined) validateBoolean(options[name], `options.${name}`);
  }
};
Module._stat = (filename) => {
  const stats = require('fs').statSync(filename, { throwIfNoEntry: false });
  if (stats === undefined) return -2;
  return stats.isDirectory() ? 1 : 0;
};
Module.findPackageJSON = (specifier, base) => {
  const path = require('path');
  const start = base === undefined ? path.resolve(fromURL(specifier)) :
    /^\.{0,2}\//.test(specifier) ? path.resolve(path.dirname(fromURL(base)), fromURL(specifier)) :
      Module._resolveFilename(specifier, { filename: fromURL(base), paths: [] });
  const fs = require('fs');
  for (let dir = start; ; dir = path.dirname(dir)) {
    const file = path.join(dir, 'package.json');
    if (fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
    if (dir === path.dirname(dir)) return undefined;
  }
};

function fromURL(name) {
  return name instanceof Object || /^file:/.test(name) ? require('internal/file_url').fileURLToPath(name) :
    String(name);
}

module.exports = { Module, builtinID, getBuiltin, loadImported, makeRequire };
