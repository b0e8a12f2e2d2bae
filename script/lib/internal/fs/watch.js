'use strict';

// fs.watch and fs.watchFile.

const EventEmitter = require('events');
const path = require('path');
const { toOptions, toPath } = require('internal/fs/check');
const { AbortError, codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const {
  validateAbortSignal, validateBoolean, validateFunction, validateInteger, validateOneOf, validateUint32,
} = require('internal/validators');

const binding = internalBinding('files');

class FSWatcher extends EventEmitter {
  #handles = new Map(); // by the folder
  #closed = false;
  #referenced = true;
  #options;
  #root;
  #ignored;

  constructor() {
    super();
    Object.defineProperty(this, '_handle', { value: null, writable: true });
  }

  _start(filename, options) {
    this.#options = options;
    this.#root = filename;
    this.#ignored = ignoring(options.ignore);
    try {
      this.#add(filename, '');
    } catch (error) {
      error.filename = filename;
      throw error;
    }
    if (options.recursive) this.#addFolders(filename, '');
    if (options.persistent === false) this.unref();
  }

  #add(folder, inside) {
    const isFolder = statsOf(folder)?.isDirectory() === true;
    const handle = binding.watch(folder, (kind, name) => {
      if (this.#closed) return;
      if (kind instanceof Error) {
        this.#end();
        this.emit('error', kind);
        return;
      }
      const base = path.relative(folder, name);
      this.#tell(kind, isFolder && base !== '' ? path.join(inside, base) : path.basename(folder), name);
    });
    if (!this.#referenced) handle.unref();
    this.#handles.set(folder, handle);
    this._handle = handle;
  }

  #addFolders(folder, inside, tell) {
    let entries;
    try {
      entries = require('fs').readdirSync(folder, { withFileTypes: true });
    } catch {
      return; // It is no directory, or was removed.
    }
    for (const entry of entries) {
      const [at, name] = [path.join(folder, entry.name), path.join(inside, entry.name)];
      if (tell) this.#emit('rename', name);
      if (!entry.isDirectory() || this.#handles.has(at)) continue;
      try {
        this.#add(at, name);
      } catch {
        continue;
      }
      this.#addFolders(at, name, tell);
    }
  }

  #tell(kind, name, full) {
    if (this.#options.recursive && kind === 'rename') {
      if (statsOf(full)?.isDirectory()) {
        if (!this.#handles.has(full)) {
          try {
            this.#add(full, name);
          } catch {
            // It was removed.
          }
          this.#emit(kind, name);
          this.#addFolders(full, name, true);
          return;
        }
      } else if (this.#handles.has(full) && full !== this.#root) {
        this.#handles.get(full).close();
        this.#handles.delete(full);
      }
    }
    this.#emit(kind, name);
  }

  #emit(kind, name) {
    if (this.#closed || this.#ignored?.(name)) return;
    const { encoding } = this.#options;
    let told = name;
    if (encoding === 'buffer') told = require('buffer').Buffer.from(name);
    else if (encoding && encoding !== 'utf8') told = require('buffer').Buffer.from(name).toString(encoding);
    this.emit('change', kind, told);
  }

  #end() {
    this.#closed = true;
    for (const handle of this.#handles.values()) handle.close();
    this.#handles.clear();
    this._handle = null;
  }

  close() {
    if (this.#closed) return;
    this.#end();
    process.nextTick(() => this.emit('close'));
  }

  ref() {
    this.#referenced = true;
    for (const handle of this.#handles.values()) handle.ref();
    return this;
  }

  unref() {
    this.#referenced = false;
    for (const handle of this.#handles.values()) handle.unref();
    return this;
  }
}

function statsOf(file) {
  try {
    return require('fs').lstatSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

// ignoring returns a function that reports whether a name is to be ignored.
function ignoring(ignore, name = 'options.ignore') {
  if (ignore == null) return undefined;
  if (Array.isArray(ignore)) {
    const all = ignore.map((one, i) => ignoring(one, `${name}[${i}]`) ?? refuseIgnore(`${name}[${i}]`, one));
    return (file) => all.some((one) => one(file));
  }
  if (typeof ignore === 'string') {
    if (ignore === '') {
      throw new (require('internal/errors').codes.ERR_INVALID_ARG_VALUE)(name, ignore, 'must be a non-empty string');
    }
    return (file) => path.matchesGlob(file, ignore) || (!ignore.includes('/') &&
      path.matchesGlob(path.basename(file), ignore));
  }
  if (ignore instanceof RegExp) return (file) => ignore.test(file);
  if (typeof ignore === 'function') return (file) => Boolean(ignore(file));
  return refuseIgnore(name, ignore);
}

function refuseIgnore(name, value) {
  throw new ERR_INVALID_ARG_TYPE(name, ['string', 'RegExp', 'Function'], value);
}

function watch(filename, options, listener) {
  if (typeof options === 'function') [options, listener] = [undefined, options];
  options = toOptions(options, { persistent: true, recursive: false, encoding: 'utf8' });
  if (options.persistent !== undefined) validateBoolean(options.persistent, 'options.persistent');
  if (options.recursive !== undefined) validateBoolean(options.recursive, 'options.recursive');
  validateAbortSignal(options.signal, 'options.signal');
  const watcher = new FSWatcher();
  watcher._start(String(toPath(filename)), options);
  if (listener) watcher.addListener('change', listener);
  const { signal } = options;
  if (signal?.aborted) {
    process.nextTick(() => watcher.close());
  } else if (signal) {
    const abort = () => watcher.close();
    signal.addEventListener('abort', abort, { once: true });
    watcher.once('close', () => signal.removeEventListener('abort', abort));
  }
  return watcher;
}

// watchIterator is watch of fs.promises: events are kept until they are asked for.
async function* watchIterator(filename, options = {}) {
  if (options === null || typeof options !== 'object') options = toOptions(options);
  const { signal, maxQueue = 2048, overflow = 'ignore' } = options;
  validateAbortSignal(signal, 'options.signal');
  if (options.persistent !== undefined) validateBoolean(options.persistent, 'options.persistent');
  if (options.recursive !== undefined) validateBoolean(options.recursive, 'options.recursive');
  validateInteger(maxQueue, 'options.maxQueue');
  validateOneOf(overflow, 'options.overflow', ['ignore', 'error', 'throw']);
  toOptions(options);
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
  const watcher = new FSWatcher();
  const queue = [];
  let wake = () => {};
  let failure;
  watcher.on('change', (eventType, name) => {
    if (queue.length >= maxQueue) {
      if (overflow !== 'ignore') failure = new (require('internal/errors').codes.ERR_FS_WATCH_QUEUE_OVERFLOW)(maxQueue);
      else process.emitWarning('fs.watch maxQueue exceeded');
    } else {
      queue.push({ __proto__: null, eventType, filename: name });
    }
    wake();
  });
  watcher.on('error', (error) => {
    failure = error;
    wake();
  });
  const abort = () => {
    failure = new AbortError(undefined, { cause: signal.reason });
    wake();
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    watcher._start(String(toPath(filename)), { encoding: 'utf8', ...options });
    for (;;) {
      if (failure !== undefined) throw failure;
      if (queue.length > 0) yield queue.shift();
      else await new Promise((resolve) => { wake = resolve; });
    }
  } finally {
    watcher.close();
    signal?.removeEventListener('abort', abort);
  }
}

// watchFile checks a file at intervals.

const watchers = new Map(); // by path

class StatWatcher extends EventEmitter {
  #timer;
  #previous;
  #file;
  #options;

  constructor(file, options) {
    super();
    this.#file = file;
    this.#options = options;
    require('fs').stat(file, { bigint: options.bigint }, (error, stats) => {
      this.#previous = error ? this.#nothing() : stats;
      if (error) this.emit('change', this.#previous, this.#previous);
    });
    this.#timer = setInterval(() => this.#look(), options.interval);
    if (options.persistent === false) this.#timer.unref();
  }

  #nothing() {
    const { toStats } = require('internal/fs/stats');
    return toStats(new Array(18).fill(this.#options.bigint ? 0n : 0));
  }

  #look() {
    require('fs').stat(this.#file, { bigint: this.#options.bigint }, (error, stats) => {
      if (this.#timer === undefined) return;
      const now = error ? this.#nothing() : stats;
      const before = this.#previous;
      if (before === undefined) return;
      const changed = now.ctimeMs !== before.ctimeMs || now.mtimeMs !== before.mtimeMs || now.ino !== before.ino ||
        now.size !== before.size;
      this.#previous = now;
      if (changed) this.emit('change', now, before);
    });
  }

  stop() {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    process.nextTick(() => this.emit('stop'));
  }

  ref() {
    this.#timer?.ref();
    return this;
  }

  unref() {
    this.#timer?.unref();
    return this;
  }
}

function watchFile(filename, options, listener) {
  const file = path.resolve(String(toPath(filename)));
  if (options === null || typeof options !== 'object') {
    listener = options;
    options = undefined;
  }
  options = { interval: 5007, persistent: true, bigint: false, ...options };
  validateFunction(listener, 'listener');
  validateUint32(options.interval, 'interval');
  let watcher = watchers.get(file);
  if (watcher === undefined) {
    watcher = new StatWatcher(file, options);
    watchers.set(file, watcher);
  }
  watcher.addListener('change', listener);
  return watcher;
}

function unwatchFile(filename, listener) {
  const file = path.resolve(String(toPath(filename)));
  const watcher = watchers.get(file);
  if (watcher === undefined) return;
  if (typeof listener === 'function') watcher.removeListener('change', listener);
  else watcher.removeAllListeners('change');
  if (watcher.listenerCount('change') === 0) {
    watcher.stop();
    watchers.delete(file);
  }
}

module.exports = { FSWatcher, unwatchFile, watch, watchFile, watchIterator };
