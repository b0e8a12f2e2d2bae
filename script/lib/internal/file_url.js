'use strict';

// The way between paths and file URLs.

const { codes: {
  ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_FILE_URL_HOST, ERR_INVALID_FILE_URL_PATH,
  ERR_INVALID_URL_SCHEME,
} } = require('internal/errors');
const { URL, domainToUnicode, isURL } = require('internal/url');
const { validateString } = require('internal/validators');

const binding = internalBinding('url');

function pathError(why, url) {
  return Object.assign(new ERR_INVALID_FILE_URL_PATH(why), { input: url });
}

function windowsPath(url, decode) {
  if (/%2f|%5c/i.test(url.pathname)) throw pathError('must not include encoded \\ or / characters', url);
  const path = decode(url.pathname.replaceAll('/', '\\'));
  if (url.hostname !== '') return [`\\\\${domainToUnicode(url.hostname)}`, path];
  if (!/^[a-z]:$/i.test(String(path.slice(1, 3)))) throw pathError('must be absolute', url);
  return ['', path.slice(1)];
}

function posixPath(url, decode) {
  if (url.hostname !== '') throw new ERR_INVALID_FILE_URL_HOST(process.platform);
  if (/%2f/i.test(url.pathname)) throw pathError('must not include encoded / characters', url);
  return ['', decode(url.pathname)];
}

// fromFileURL returns the part before a path, and the path decoded with decode.
function fromFileURL(path, options, decode) {
  const windows = options?.windows;
  if (typeof path === 'string') path = new URL(path);
  else if (!isURL(path)) throw new ERR_INVALID_ARG_TYPE('path', ['string', 'URL'], path);
  if (path.protocol !== 'file:') throw new ERR_INVALID_URL_SCHEME('file');
  return (windows ?? process.platform === 'win32') ? windowsPath(path, decode) : posixPath(path, decode);
}

function fileURLToPath(path, options = undefined) {
  return fromFileURL(path, options, decodeURIComponent).join('');
}

function fileURLToPathBuffer(path, options = undefined) {
  const { Buffer } = require('buffer');
  const [before, bytes] = fromFileURL(path, options, (text) => Buffer.from(binding.decodePercent(text)));
  return before === '' ? bytes : Buffer.concat([Buffer.from(before), bytes]);
}

function pathToFileURL(path, options = undefined) {
  validateString(path, 'path');
  const windows = options?.windows ?? process.platform === 'win32';
  const { posix, win32 } = require('path');
  if (windows && path.startsWith('\\\\')) {
    if (/^\\\\\?\\(?!UNC\\)/.test(path)) return pathToFileURL(path.slice(4), options); // The prefix of a local path.
    return shareToFileURL(path);
  }
  let resolved = (windows ? win32 : posix).resolve(path);
  const last = path.at(-1);
  if ((last === '/' || (windows && last === '\\')) && !resolved.endsWith(windows ? '\\' : '/')) resolved += '/';
  if (windows) resolved = resolved.replaceAll('\\', '/').replace(/^(?!\/)/, '/');
  return new URL(`file://${binding.encodePath(resolved)}`);
}

function shareToFileURL(path) {
  const start = path.startsWith('\\\\?\\UNC\\') ? 8 : 2;
  const end = path.indexOf('\\', start);
  if (end === -1) throw new ERR_INVALID_ARG_VALUE('path', path, 'Missing UNC resource path');
  if (end === start) throw new ERR_INVALID_ARG_VALUE('path', path, 'Empty UNC servername');
  const url = new URL(`file://${binding.encodePath(path.slice(end).replaceAll('\\', '/'))}`);
  url.hostname = path.slice(start, end);
  return url;
}

module.exports = { fileURLToPath, fileURLToPathBuffer, pathToFileURL };
