'use strict';

const { validateObject, validateString } = require('internal/validators');

const binding = internalBinding('path');

// A script may have replaced process.cwd.
const cwd = () => process.cwd();

function make(native, sep, delimiter, toNamespacedPath) {
  return {
    resolve(...args) {
      for (let i = args.length - 1; i >= 0; i--) validateString(args[i], `paths[${i}]`);
      return native.resolve(cwd, ...args);
    },
    normalize(path) {
      validateString(path, 'path');
      return native.normalize(path);
    },
    isAbsolute(path) {
      validateString(path, 'path');
      return native.isAbsolute(path);
    },
    join(...args) {
      for (let i = 0; i < args.length; i++) validateString(args[i], 'path');
      return native.join(...args);
    },
    relative(from, to) {
      validateString(from, 'from');
      validateString(to, 'to');
      return native.relative(cwd, from, to);
    },
    toNamespacedPath,
    dirname(path) {
      validateString(path, 'path');
      return native.dirname(path);
    },
    basename(path, suffix) {
      if (suffix !== undefined) validateString(suffix, 'suffix');
      validateString(path, 'path');
      return native.basename(path, suffix);
    },
    extname(path) {
      validateString(path, 'path');
      return native.extname(path);
    },
    format(pathObject) {
      validateObject(pathObject, 'pathObject');
      const dir = pathObject.dir || pathObject.root;
      const { ext } = pathObject;
      const base = pathObject.base || `${pathObject.name || ''}${ext ? `${ext[0] === '.' ? '' : '.'}${ext}` : ''}`;
      if (!dir) return base;
      return dir === pathObject.root ? `${dir}${base}` : `${dir}${sep}${base}`;
    },
    parse(path) {
      validateString(path, 'path');
      const [root, dir, base, ext, name] = native.parse(path);
      return { root, dir, base, ext, name };
    },
    matchesGlob(path, pattern) {
      validateString(path, 'path');
      validateString(pattern, 'pattern');
      return native.matchesGlob(path, pattern);
    },
    sep,
    delimiter,
    win32: null,
    posix: null,
  };
}

const posix = make(binding.posix, '/', ':', function toNamespacedPath(path) { return path; });
const win32 = make(binding.win32, '\\', ';', function toNamespacedPath(path) {
  return typeof path === 'string' ? binding.win32.toNamespacedPath(cwd, path) : path;
});

posix.win32 = win32.win32 = win32;
posix.posix = win32.posix = posix;
posix._makeLong = posix.toNamespacedPath;
win32._makeLong = win32.toNamespacedPath;

module.exports = posix;
