'use strict';

// Rarely used parts of process, loaded on first use.

const {
  codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_CREDENTIAL },
} = require('internal/errors');
const {
  validateArray, validateBoolean, validateNumber, validateString, validateUint32,
} = require('internal/validators');

const system = internalBinding('process');

function hrtime(since) {
  const now = system.hrtime();
  const [s, ns] = [Number(now / 1000000000n), Number(now % 1000000000n)];
  if (since === undefined) return [s, ns];
  validateArray(since, 'time');
  if (since.length !== 2) throw new ERR_OUT_OF_RANGE('time', 2, since.length);
  return ns < since[1] ? [s - since[0] - 1, ns - since[1] + 1e9] : [s - since[0], ns - since[1]];
}

// usage returns the used processor time, minus an earlier result.
function usage(now, before) {
  if (before === undefined) return now;
  if (before === null || typeof before !== 'object' || Array.isArray(before)) {
    throw new ERR_INVALID_ARG_TYPE('prevValue', 'object', before);
  }
  for (const name of ['user', 'system']) {
    validateNumber(before[name], `prevValue.${name}`);
    if (!(before[name] >= 0 && before[name] <= Number.MAX_SAFE_INTEGER)) {
      const { message } = new ERR_INVALID_ARG_VALUE(`prevValue.${name}`, before[name]);
      throw require('internal/errors').coded(RangeError, 'ERR_INVALID_ARG_VALUE', message);
    }
  }
  return { user: now.user - before.user, system: now.system - before.system };
}

const cpuUsage = (before) => usage(system.cpuUsage(), before);
const threadCpuUsage = (before) => usage((system.threadCpuUsage ?? system.cpuUsage)(), before);

function kill(pid, signal) {
  if (pid != (pid | 0)) throw new ERR_INVALID_ARG_TYPE('pid', 'number', pid); // eslint-disable-line eqeqeq
  const { signalNumber } = require('internal/constants');
  const number = typeof signal === 'number' ? signal : signalNumber(signal ?? 'SIGTERM');
  const errno = process._kill(pid | 0, number);
  if (errno) throw require('internal/system_errors').errnoException(errno, 'kill');
  if ((pid | 0) === process.pid) require('internal/signals').expect(number);
  return true;
}

// Users and groups.

function checkId(id, name) {
  if (typeof id === 'number') validateUint32(id, name);
  else if (typeof id !== 'string') throw new ERR_INVALID_ARG_TYPE(name, ['number', 'string'], id);
}

// change calls the functions that change the users of the process. Its errors have the words of the C library: Node
// does not use libuv here.
function change(call, argument, syscall = call) {
  try {
    return system[call](argument);
  } catch (error) {
    if (error.errno === undefined) throw error;
    const [, text] = /^\w+: (.*), \w+$/s.exec(error.message);
    const refused = new Error(`${error.code}, ${text[0].toUpperCase()}${text.slice(1)}`);
    throw Object.assign(refused, { errno: -error.errno, code: error.code, syscall });
  }
}

function credential(name, kind, call) {
  return { [name](id) {
    checkId(id, 'id');
    if (Object.is(id, -0)) id = 0;
    if (!change(call, id)) throw new ERR_UNKNOWN_CREDENTIAL(kind, id);
  } }[name];
}

function setgroups(groups) {
  validateArray(groups, 'groups');
  groups.forEach((one, i) => checkId(one, `groups[${i}]`));
  const ids = groups.map((one) => {
    const id = typeof one === 'string' ? system.groupId(one) : one;
    if (id === undefined) throw new ERR_UNKNOWN_CREDENTIAL('Group', one);
    return id;
  });
  change('setgroups', ids);
}

function initgroups(user, extraGroup) {
  checkId(user, 'user');
  checkId(extraGroup, 'extraGroup');
  const extra = typeof extraGroup === 'string' ? system.groupId(extraGroup) : extraGroup;
  if (extra === undefined) throw new ERR_UNKNOWN_CREDENTIAL('Group', extraGroup);
  const ids = system.groupsOf(user);
  if (ids === undefined) throw new ERR_UNKNOWN_CREDENTIAL('User', user);
  change('setgroups', [...new Set([...ids, extra])], 'initgroups');
}

function isText(value) {
  return typeof value === 'string' && !value.includes('\0');
}

function execve(file, args = [], env = process.env) {
  validateString(file, 'execPath');
  validateArray(args, 'args');
  args.forEach((arg, i) => {
    if (!isText(arg)) throw new ERR_INVALID_ARG_VALUE(`args[${i}]`, arg, 'must be a string without null bytes');
  });
  if (env === null || typeof env !== 'object') throw new ERR_INVALID_ARG_TYPE('env', 'object', env);
  if (!Object.entries(env).every(([name, value]) => isText(name) && isText(value))) {
    throw new ERR_INVALID_ARG_VALUE('env', env, 'must be an object with string keys and values without null bytes');
  }
  system.execve(file, args, Object.entries(env).map(([name, value]) => `${name}=${value}`));
}

function loadEnvFile(path = undefined) {
  const fs = require('fs');
  if (path != null) path = require('internal/fs/check').toPath(path);
  const values = internalBinding('errno').parseEnv(fs.readFileSync(path ?? '.env', 'utf8'));
  for (const [name, value] of Object.entries(values)) process.env[name] ??= value;
}

function rawDebug(...args) {
  internalBinding('stdio').writeSync(2, `${require('util').format(...args)}\n`);
}

function ref(one) { (one?.[Symbol.for('nodejs.ref')] ?? one?.ref)?.call(one); }
function unref(one) { (one?.[Symbol.for('nodejs.unref')] ?? one?.unref)?.call(one); }

function setSourceMapsEnabled(on) { validateBoolean(on, 'val'); }

// finalization: the callback of an object is called before the exit, unless the object was collected.
function makeFinalization() {
  const held = { exit: new Set(), beforeExit: new Set() };
  const listening = new Set();
  const register = (event) => (object, fn) => {
    if (object === null || (typeof object !== 'object' && typeof object !== 'function')) {
      throw new ERR_INVALID_ARG_TYPE('ref', ['object', 'function'], object);
    }
    require('internal/validators').validateFunction(fn, 'fn');
    held[event].add({ ref: new WeakRef(object), fn });
    if (listening.has(event)) return;
    listening.add(event);
    process.on(event, () => {
      for (const one of held[event]) {
        held[event].delete(one);
        const object = one.ref.deref();
        if (object !== undefined) one.fn(object, event);
      }
    });
  };
  const unregister = (object) => {
    for (const all of Object.values(held)) {
      for (const one of all) {
        if (one.ref.deref() === object) all.delete(one);
      }
    }
  };
  return { register: register('exit'), registerBeforeExit: register('beforeExit'), unregister };
}

// allowedFlags is the set of flags that NODE_OPTIONS may have. It cannot be changed, and accepts flags as they may be
// written.
function allowedFlags() {
  const names = ['-r', '-C', ...['conditions', 'deprecation', 'disable-warning', 'dns-result-order',
    'enable-source-maps', 'env-file',
    'experimental-detect-module', 'experimental-require-module', 'experimental-strip-types',
    'experimental-vm-modules', 'expose-gc', 'force-context-aware', 'icu-data-dir', 'import', 'input-type',
    'max-http-header-size', 'max-old-space-size', 'no-deprecation', 'no-warnings', 'pending-deprecation',
    'perf-basic-prof', 'preserve-symlinks', 'preserve-symlinks-main', 'redirect-warnings', 'require',
    'stack-trace-limit', 'throw-deprecation', 'title', 'trace-deprecation', 'trace-exit', 'trace-sigint',
    'trace-uncaught', 'trace-warnings', 'unhandled-rejections',
    'warnings'].map((name) => `--${name}`)];
  const known = new Set(names);
  const normal = (flag) => {
    if (typeof flag !== 'string') return flag;
    if (/^--?[^-]/.test(flag) === false && /^-/.test(flag)) return flag;
    const bare = flag.replace(/^-{1,2}/, '').replace(/=.*$/, '').replaceAll('_', '-');
    if (flag.startsWith('--')) return `--${bare}`;
    if (flag.startsWith('-')) return `-${bare}`;
    return known.has(`--${bare}`) ? `--${bare}` : `-${bare}`;
  };
  class Flags extends Set {
    add() { return this; }
    delete() { return false; }
    clear() {}
    has(flag) { return known.has(normal(flag)); }
    forEach(fn, thisArg) { for (const flag of known) Reflect.apply(fn, thisArg, [flag, flag, this]); }
    get size() { return known.size; }
    entries() { return new Set(known).entries(); }
    keys() { return new Set(known).keys(); }
    values() { return new Set(known).values(); }
    [Symbol.iterator]() { return this.values(); }
  }
  return Object.freeze(new Flags());
}

function binding(name) {
  validateString(name, 'module');
  throw Object.assign(new Error(`No such module: ${name}`), { code: 'ERR_INVALID_MODULE' });
}

function dlopen(module, filename) {
  throw Object.assign(new Error(`${filename}: native addons cannot be loaded`), { code: 'ERR_DLOPEN_FAILED' });
}

module.exports = {
  allowedFlags, binding, cpuUsage, dlopen, execve, hrtime, initgroups, kill, loadEnvFile, makeFinalization, rawDebug,
  ref, setSourceMapsEnabled,
  setegid: credential('setegid', 'Group', 'setegid'), seteuid: credential('seteuid', 'User', 'seteuid'),
  setgid: credential('setgid', 'Group', 'setgid'), setgroups, setuid: credential('setuid', 'User', 'setuid'),
  threadCpuUsage, unref,
  availableMemory: () => require('os').freemem(), constrainedMemory: () => 0,
};
