'use strict';

// The error of a system call that is described by an object: code, message, syscall, and sometimes path and dest.
class SystemError extends Error {
  constructor(info, code = 'ERR_SYSTEM_ERROR', what = 'A system error occurred') {
    let message = `${what}: ${info.syscall} returned ${info.code} (${info.message})`;
    if (info.path !== undefined) message += ` ${info.path}`;
    if (info.dest !== undefined) message += ` => ${info.dest}`;
    super(message);
    const [, ...places] = String(this.stack).split(/\n(?= {4}at )/);
    Object.defineProperty(this, 'stack', {
      value: [`SystemError [${code}]: ${message}`, ...places].join('\n'), writable: true, configurable: true,
      enumerable: false,
    });
    this.code = code;
    Object.defineProperties(this, {
      name: { value: 'SystemError', enumerable: false, writable: true, configurable: true },
      info: { value: info, enumerable: true, configurable: true, writable: false },
      errno: mirror(info, 'errno'),
      syscall: mirror(info, 'syscall'),
    });
    if (info.path !== undefined) Object.defineProperty(this, 'path', mirror(info, 'path'));
    if (info.dest !== undefined) Object.defineProperty(this, 'dest', mirror(info, 'dest'));
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    return require('internal/inspect').inspect(this, { ...options, getters: true, customInspect: false });
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }
}

function mirror(info, name) {
  return { get() { return info[name]; }, set(value) { info[name] = value; }, enumerable: true, configurable: true };
}

module.exports = { SystemError };
