'use strict';

// The process object. It loads other modules on first use.

const EventEmitter = require('events');
const { codes: { ERR_INVALID_ARG_TYPE, ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET } } = require('internal/errors');
const { validateInteger } = require('internal/validators');

const options = require('internal/options');
const ticks = require('internal/ticks');
const lazyStreams = require('internal/lazy_stdio');

const host = internalBinding('host');
const system = internalBinding('process');

function process() {}
process.prototype = Object.create(EventEmitter.prototype, {
  constructor: { value: process, writable: true, configurable: true },
  [Symbol.toStringTag]: { value: 'process', configurable: true },
});

const self = {
  __proto__: process.prototype,
  version: host.nodeVersion,
  versions: { node: host.nodeVersion.slice(1), brood: system.version, modules: '141', uv: '1.51.0',
    v8: '14.1.146.11-node.20' },
  arch: system.arch,
  platform: system.platform,
  release: { name: 'node' },
  features: {
    inspector: false, debug: false, uv: true, ipv6: true, tls_alpn: false, tls_sni: false, tls_ocsp: false,
    tls: false, openssl_is_boringssl: false,
    cached_builtins: true,
    require_module: !options.isOff('--require-module') && !options.isOff('--experimental-require-module'),
    quic: false, typescript: 'strip',
  },
  argv: host.argv,
  execArgv: host.execArgv,
  execPath: host.execPath,
  argv0: host.argv0,
  pid: system.pid,
  ppid: system.ppid(),
  title: host.argv0,
  exitCode: undefined,
  _exiting: false,
  nextTick: ticks.nextTick,
  exit(code) {
    if (code !== undefined) self.exitCode = code;
    require('internal/fatal').emitExit();
    self.reallyExit(self.exitCode ?? 0); // Scripts replace it, to see the end of the program.
  },
  reallyExit: host.reallyExit,
  abort() { system.abort(); },
  cwd: system.cwd,
  chdir(to) {
    if (typeof to !== 'string') throw new ERR_INVALID_ARG_TYPE('directory', 'string', to);
    system.chdir(to);
  },
  umask(mask) {
    if (mask === undefined) return system.umask();
    return system.umask(require('internal/validators').parseFileMode(mask, 'mask'));
  },
  uptime: system.uptime,
  hrtime: Object.assign((since) => require('internal/process_more').hrtime(since), { bigint: system.hrtime }),
  memoryUsage: Object.assign(system.memoryUsage, { rss: system.rss }),
  resourceUsage: system.resourceUsage,
  getuid: system.getuid, geteuid: system.geteuid, getgid: system.getgid, getegid: system.getegid,
  getgroups: system.getgroups,
  _kill: system.kill,
  emitWarning(...args) { require('internal/warning').emitWarning(...args); },
  setUncaughtExceptionCaptureCallback(fn) {
    if (fn !== null && typeof fn !== 'function') throw new ERR_INVALID_ARG_TYPE('fn', ['Function', 'null'], fn);
    if (fn !== null && self._captureCallback) throw new ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET();
    self._captureCallback = fn;
  },
  hasUncaughtExceptionCaptureCallback() { return self._captureCallback != null; },
  _tickCallback() { require('internal/ticks').runDeferred(); },
  openStdin() {
    self.stdin.resume();
    return self.stdin;
  },
  getBuiltinModule(id) { return require('internal/cjs').getBuiltin(id); },
};
EventEmitter.call(self);
ticks.setProcess(self);

Object.defineProperty(self, 'exitCode', {
  get() { return exitCode; },
  set(code) {
    if (code !== undefined && code !== null) {
      let n = code;
      if (typeof code === 'string' && code !== '' && Number.isInteger(+code)) n = +code;
      validateInteger(n, 'code');
      code = n;
    }
    exitCode = code;
  },
  enumerable: true, configurable: false,
});
Object.defineProperty(self, 'ppid', { get: system.ppid, enumerable: true, configurable: true });
let exitCode;

Object.defineProperty(self, '_captureCallback', { value: null, writable: true, enumerable: false });

for (const [name, fd] of [['stdin', 0], ['stdout', 1], ['stderr', 2]]) {
  lazyStreams[name] = () => {
    const stream = require('internal/stdio')[name](fd);
    Object.defineProperty(self, name, { value: stream, writable: true, enumerable: true, configurable: true });
    return stream;
  };
  Object.defineProperty(self, name, {
    get: lazyStreams[name],
    set(stream) {
      Object.defineProperty(self, name, { value: stream, writable: true, enumerable: true, configurable: true });
    },
    enumerable: true, configurable: true,
  });
}

for (const name of ['availableMemory', 'binding', 'constrainedMemory', 'cpuUsage', 'dlopen', 'execve', 'initgroups',
  'kill', 'loadEnvFile', 'ref', 'setegid',
  'seteuid', 'setgid', 'setgroups', 'setSourceMapsEnabled', 'setuid', 'threadCpuUsage', 'unref']) {
  self[name] = { [name](...args) { return require('internal/process_more')[name](...args); } }[name];
}
self._rawDebug = (...args) => require('internal/process_more').rawDebug(...args);
self.getActiveResourcesInfo = () => require('internal/active').resources();
self._getActiveHandles = () => require('internal/active').handles();
self._getActiveRequests = () => [];

// later adds a property whose value is made on first use.
function later(name, make) {
  Object.defineProperty(self, name, {
    get() {
      const value = make();
      Object.defineProperty(self, name, { value, writable: true, enumerable: true, configurable: true });
      return value;
    },
    set(value) { Object.defineProperty(self, name, { value, writable: true, enumerable: true, configurable: true }); },
    enumerable: true, configurable: true,
  });
}
later('env', () => require('internal/env'));
later('allowedNodeEnvironmentFlags', () => require('internal/process_more').allowedFlags());
later('finalization', () => require('internal/process_more').makeFinalization());
Object.defineProperty(self, 'config', {
  value: Object.freeze({
    target_defaults: Object.freeze({ cflags: [], default_configuration: 'Release', defines: [], include_dirs: [],
      libraries: [] }),
    variables: Object.freeze({ node_module_version: 141, v8_enable_i18n_support: 0, napi_build_version: '10',
      node_shared: false, is_debug: 0 }),
  }),
  enumerable: true, configurable: true, writable: false,
});

// The first listener of a signal starts the watching of signals.
self.on('newListener', function watchSignals(name) {
  if (typeof name === 'string' && name.startsWith('SIG')) {
    self.removeListener('newListener', watchSignals);
    require('internal/signals').follow(self, name);
  }
});

module.exports = self;
