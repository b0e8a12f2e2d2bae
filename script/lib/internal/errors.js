'use strict';

// Errors with the codes and the messages that Node documents.

const { nameStack } = require('internal/stack');

const codes = {};

// define adds a code: its class, and what makes its message of the arguments.
function define(code, Base, message) {
  codes[code] = class NodeError extends Base {
    constructor(...args) {
      super(typeof message === 'string' ? message : message(...args));
      Object.defineProperty(this, 'code', { __proto__: null, value: code, enumerable: true, configurable: true, writable: true });
      nameStack(this, `${Base.name} [${code}]: ${this.message}`, 'NodeError');
    }
    toString() {
      return `${this.name} [${code}]: ${this.message}`;
    }
  };
  delete codes[code].prototype.constructor; // Scripts see the constructor of the base: there is no class for each code.
}

function quoted(name) {
  if (name.endsWith(' argument')) return `The ${name}`;
  return `The "${name}" ${name.includes('.') ? 'property' : 'argument'}`;
}

const kinds = new Set(['string', 'function', 'number', 'object', 'boolean', 'bigint', 'symbol']);

function list(words, last) {
  if (words.length < 3) return words.join(` ${last} `);
  return `${words.slice(0, -1).join(', ')}, ${last} ${words.at(-1)}`;
}

// expectedOf says what types were allowed: names of types, of classes, and others.
function expectedOf(expected) {
  const types = [];
  const classes = [];
  const other = [];
  for (const one of [].concat(expected)) {
    if (kinds.has(one) || one === 'Function' || one === 'Object') types.push(one.toLowerCase());
    else if (/^([A-Z][a-z0-9]*)+$/.test(one)) classes.push(one);
    else other.push(one);
  }
  if (classes.length > 0 && types.includes('object')) {
    types.splice(types.indexOf('object'), 1);
    classes.push('Object');
  }
  const parts = [];
  if (types.length > 0) parts.push(`${types.length > 1 ? 'one of type' : 'of type'} ${list(types, 'or')}`);
  if (classes.length > 0) parts.push(`an instance of ${list(classes, 'or')}`);
  if (other.length > 0) {
    if (other.length > 1) parts.push(`one of ${list(other, 'or')}`);
    else parts.push(other[0].toLowerCase() === other[0] || /^(an? |one of)/.test(other[0]) ? other[0] : `an ${other[0]}`);
  }
  return list(parts, 'or');
}

// received says what came in place of it.
function received(value) {
  if (value == null) return ` Received ${value}`;
  if (typeof value === 'function') return ` Received function ${value.name}`;
  if (typeof value === 'object') {
    if (value.constructor?.name) return ` Received an instance of ${value.constructor.name}`;
    return ` Received ${inspect(value, { depth: -1 })}`;
  }
  if (typeof value === 'string') {
    if (value.length > 28) value = `${value.slice(0, 25)}...`;
    return ` Received type string (${value.includes("'") ? JSON.stringify(value) : `'${value}'`})`;
  }
  return ` Received type ${typeof value} (${inspect(value, { colors: false })})`;
}

// inspect is util's, which needs this module itself.
function inspect(value, options) {
  return require('internal/inspect').inspect(value, options);
}

function grouped(n) {
  const text = String(n);
  const start = text[0] === '-' ? 1 : 0;
  let out = '';
  let i = text.length;
  for (; i >= start + 4; i -= 3) out = `_${text.slice(i - 3, i)}${out}`;
  return text.slice(0, i) + out;
}

define('ERR_INVALID_ARG_TYPE', TypeError, (name, expected, actual) =>
  `${quoted(name)} must be ${expectedOf(expected)}.${received(actual)}`);
define('ERR_INVALID_ARG_VALUE', TypeError, (name, value, reason = 'is invalid') => {
  let text = inspect(value);
  if (text.length > 128) text = `${text.slice(0, 128)}...`;
  return `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${reason}. Received ${text}`;
});
define('ERR_OUT_OF_RANGE', RangeError, (name, range, value) => {
  let text;
  if (Number.isInteger(value) && Math.abs(value) > 2 ** 32) text = grouped(value);
  else if (typeof value === 'bigint') text = `${value > 2n ** 32n || value < -(2n ** 32n) ? grouped(value) : value}n`;
  else text = inspect(value);
  return `The value of "${name}" is out of range. It must be ${range}. Received ${text}`;
});
define('ERR_ARG_NOT_ITERABLE', TypeError, (name) => `${name} must be iterable`);
define('ERR_INVALID_RETURN_VALUE', TypeError, (expected, name, value) =>
  `Expected ${expected} to be returned from the "${name}" function but got ${received(value).slice(' Received '.length)}.`);
define('ERR_MISSING_ARGS', TypeError, (...names) => {
  const all = names.map((name) => (Array.isArray(name) ? name.map((n) => `"${n}"`).join(' or ') : `"${name}"`));
  return `The ${list(all, 'and')} argument${all.length > 1 ? 's' : ''} must be specified`;
});
define('ERR_UNHANDLED_ERROR', Error, (value) => (value === undefined ? 'Unhandled error.' : `Unhandled error. (${value})`));
define('ERR_UNKNOWN_ENCODING', TypeError, (encoding) => `Unknown encoding: ${typeof encoding === 'string' ? encoding : inspect(encoding)}`);
define('ERR_UNKNOWN_SIGNAL', TypeError, (signal) => `Unknown signal: ${require('internal/format').format('%s', signal)}`);
define('ERR_INVALID_THIS', TypeError, (type) => `Value of "this" must be of type ${type}`);
define('ERR_METHOD_NOT_IMPLEMENTED', Error, (name) => `The ${name} method is not implemented`);
define('ERR_MULTIPLE_CALLBACK', Error, 'Callback called multiple times');
define('ERR_ILLEGAL_CONSTRUCTOR', TypeError, 'Illegal constructor');
define('ERR_INVALID_STATE', Error, (text) => `Invalid state: ${text}`);
define('ERR_BUFFER_OUT_OF_BOUNDS', RangeError, (name) =>
  (name ? `"${name}" is outside of buffer bounds` : 'Attempt to access memory outside buffer bounds'));
define('ERR_BUFFER_TOO_LARGE', RangeError, (size) => `Cannot create a Buffer larger than ${size} bytes`);
define('ERR_INVALID_BUFFER_SIZE', RangeError, (size) => `Buffer size must be a multiple of ${size}`);
define('ERR_STREAM_ALREADY_FINISHED', Error, (name) => `Cannot call ${name} after a stream was finished`);
define('ERR_STREAM_CANNOT_PIPE', Error, 'Cannot pipe, not readable');
define('ERR_STREAM_DESTROYED', Error, (name) => `Cannot call ${name} after a stream was destroyed`);
define('ERR_STREAM_NULL_VALUES', TypeError, 'May not write null values to stream');
define('ERR_STREAM_PREMATURE_CLOSE', Error, 'Premature close');
define('ERR_STREAM_PUSH_AFTER_EOF', Error, 'stream.push() after EOF');
define('ERR_STREAM_UNABLE_TO_PIPE', Error, 'Cannot pipe to a closed or destroyed stream');
define('ERR_STREAM_UNSHIFT_AFTER_END_EVENT', Error, 'stream.unshift() after end event');
define('ERR_STREAM_WRITE_AFTER_END', Error, 'write after end');
define('ERR_CHILD_PROCESS_IPC_REQUIRED', Error, (name) =>
  `Forked processes must have an IPC channel, missing value 'ipc' in ${name}`);
define('ERR_CHILD_PROCESS_STDIO_MAXBUFFER', RangeError, (name) => `${name} maxBuffer length exceeded`);
define('ERR_CHILD_CLOSED_BEFORE_REPLY', Error, 'Child closed before reply received');
define('ERR_IPC_CHANNEL_CLOSED', Error, 'Channel closed');
define('ERR_IPC_DISCONNECTED', Error, 'IPC channel is already disconnected');
define('ERR_IPC_ONE_PIPE', Error, 'Child process can have only one IPC pipe');
define('ERR_IPC_SYNC_FORK', Error, 'IPC cannot be used with synchronous forks');
define('ERR_INVALID_HANDLE_TYPE', TypeError, 'This handle type cannot be sent');
define('ERR_INVALID_SYNC_FORK_INPUT', TypeError, (value) => `Asynchronous forks do not support Buffer, TypedArray, DataView or string input: ${value}`);
define('ERR_INVALID_FD_TYPE', TypeError, (type) => `Unsupported fd type: ${type}`);
define('ERR_INVALID_FD', RangeError, (fd) => `"fd" must be a positive integer: ${fd}`);
define('ERR_SERVER_ALREADY_LISTEN', Error, 'Listen method has been called more than once without closing.');
define('ERR_SERVER_NOT_RUNNING', Error, 'Server is not running.');
define('ERR_SOCKET_ALREADY_BOUND', Error, 'Socket is already bound');
define('ERR_SOCKET_BAD_PORT', RangeError, (name, port, allowZero = true) =>
  `${name} should be ${allowZero ? '>=' : '>'} 0 and < 65536.${received(port)}`);
define('ERR_SOCKET_BAD_TYPE', TypeError, 'Bad socket type specified. Valid types are: udp4, udp6');
define('ERR_SOCKET_CLOSED', Error, 'Socket is closed');
define('ERR_SOCKET_CLOSED_BEFORE_CONNECTION', Error, 'Socket closed before the connection was established');
define('ERR_SOCKET_CONNECTION_TIMEOUT', Error, 'Socket connection timeout');
define('ERR_SOCKET_DGRAM_IS_CONNECTED', Error, 'Already connected');
define('ERR_SOCKET_DGRAM_NOT_CONNECTED', Error, 'Not connected');
define('ERR_SOCKET_DGRAM_NOT_RUNNING', Error, 'Not running');
define('ERR_IP_BLOCKED', Error, (ip) => `IP(${ip}) is blocked by net.BlockList`);
define('ERR_SOCKET_BAD_BUFFER_SIZE', TypeError, 'Buffer size must be a positive integer');
define('ERR_INVALID_ADDRESS', Error, 'Invalid address');
define('ERR_INVALID_IP_ADDRESS', TypeError, (ip) => `Invalid IP address: ${ip}`);
define('ERR_INVALID_ADDRESS_FAMILY', RangeError, (family, host, port) => `Invalid address family: ${family} ${host}:${port}`);
define('ERR_INVALID_FILE_URL_HOST', TypeError, (platform) => `File URL host must be "localhost" or empty on ${platform}`);
define('ERR_INVALID_FILE_URL_PATH', TypeError, (why) => `File URL path ${why}`);
define('ERR_INVALID_URL', TypeError, 'Invalid URL');
define('ERR_INVALID_URL_SCHEME', TypeError, (expected) =>
  `The URL must be ${/^[aeiou]/.test([].concat(expected)[0]) ? 'of' : 'of'} scheme ${list([].concat(expected), 'or')}`);
define('ERR_ENCODING_INVALID_ENCODED_DATA', TypeError, (encoding) => `The encoded data was not valid for encoding ${encoding}`);
define('ERR_ENCODING_NOT_SUPPORTED', RangeError, (encoding) => `The "${encoding}" encoding is not supported`);
define('ERR_ARG_NOT_ITERABLE', TypeError, (name) => `${name} must be iterable`);
define('ERR_INVALID_TUPLE', TypeError, (name, expected) => `${name} must be an iterable ${expected} tuple`);
define('ERR_INVALID_URI', URIError, 'URI malformed');
define('ERR_INVALID_CURSOR_POS', TypeError, 'Cannot set cursor row without setting its column');
define('ERR_USE_AFTER_CLOSE', Error, (name) => `${name} was closed`);
define('ERR_MODULE_NOT_FOUND', Error, (text) => text);
define('ERR_REQUIRE_ASYNC_MODULE', Error, (filename, parent) =>
  'require() cannot be used on an ESM graph with top-level await. Use import() instead. To see where the top-level await comes from, ' +
  `use --experimental-print-required-tla.${parent ? `\n  From ${parent} ` : ''}${filename ? `\n  Requiring ${filename} ` : ''}`);
define('ERR_REQUIRE_CYCLE_MODULE', Error, (action, importer, hint = '') =>
  `Cannot ${action} in a cycle.${importer ? ` (from ${importer.replace(/^file:\/\//, '')})` : ''}${hint}`);
define('ERR_REQUIRE_ESM', Error, (filename, parent, packageFile) => {
  const base = (path) => path.slice(path.lastIndexOf('/') + 1);
  const name = base(filename) === base(parent ?? '') ? filename : base(filename);
  const beginning = `require() of ES Module ${filename}${parent ? ` from ${parent}` : ''} not supported.\n`;
  if (packageFile !== undefined) {
    return `${beginning}${name} is treated as an ES module file as it is a .js file whose nearest parent package.json contains "type": "module" ` +
      `which declares all .js files in that package scope as ES modules.\nInstead either rename ${name} to end in .cjs, change the requiring ` +
      'code to use dynamic import() which is available in all CommonJS modules, or change "type": "module" to "type": "commonjs" in ' +
      `${packageFile} to treat all .js files as CommonJS (using .mjs for all ES modules instead).\n`;
  }
  const what = filename.endsWith('.mjs') || !parent ? filename : `${name} in ${parent}`;
  return `${beginning}Instead change the require of ${what} to a dynamic import() which is available in all CommonJS modules.`;
});
define('ERR_INPUT_TYPE_NOT_ALLOWED', Error, '--input-type can only be used with string input via --eval, --print, or STDIN');
define('ERR_EVAL_ESM_CANNOT_PRINT', Error, '--print cannot be used with ESM input');
define('ERR_UNKNOWN_CREDENTIAL', Error, (kind, name) => `${kind} identifier does not exist: ${name}`);
define('ERR_INVALID_OBJECT_DEFINE_PROPERTY', TypeError, (text) => text);
define('ERR_UNKNOWN_BUILTIN_MODULE', Error, (name) => `No such built-in module: ${name}`);
define('ERR_UNKNOWN_FILE_EXTENSION', TypeError, (ext, path) => `Unknown file extension "${ext}" for ${path}`);
define('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', TypeError, (name) =>
  `The feature ${name} is unavailable on the current platform, which is being used to run Node.js`);
define('ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET', Error,
  '`process.setupUncaughtExceptionCapture()` was called while a capture callback was already active');
define('ERR_UNHANDLED_REJECTION', Error, (reason) =>
  'This error originated either by throwing inside of an async function without a catch block, ' +
  `or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason "${reason}".`);
define('ERR_EVENT_RECURSION', Error, (type) => `The event "${type}" is already being dispatched`);
define('ERR_FALSY_VALUE_REJECTION', Error, 'Promise was rejected with falsy value');
define('ERR_INCOMPATIBLE_OPTION_PAIR', TypeError, (one, other) => `Option "${one}" cannot be used in combination with option "${other}"`);
define('ERR_ASYNC_CALLBACK', TypeError, (name) => `${name} must be a function`);
define('ERR_ASYNC_TYPE', TypeError, (type) => `Invalid name for async "type": ${type}`);
define('ERR_INVALID_ASYNC_ID', RangeError, (name, value) => `Invalid ${name} value: ${value}`);
define('ERR_PERFORMANCE_INVALID_TIMESTAMP', TypeError, (time) => `${time} is not a valid timestamp`);
define('ERR_PERFORMANCE_MEASURE_INVALID_OPTIONS', TypeError, (text) => text);
define('ERR_CONTEXT_NOT_INITIALIZED', Error, 'context used is not initialized');
define('ERR_INVALID_MIME_SYNTAX', TypeError, (production, text, at) =>
  `The MIME syntax for a ${production} in "${text}" is invalid${at === -1 ? '' : ` at ${at}`}`);
define('ERR_CLOSED_MESSAGE_PORT', Error, 'Cannot send data on closed MessagePort');
define('ERR_CONSTRUCT_CALL_REQUIRED', TypeError, (name) => `Class constructor ${name} cannot be invoked without \`new\``);
define('ERR_ASSERTION', Error, (text) => text);
define('ERR_AMBIGUOUS_ARGUMENT', TypeError, (name, reason) => `The "${name}" argument is ambiguous. ${reason}`);
define('ERR_FS_FILE_TOO_LARGE', RangeError, (size) => `File size (${size}) is greater than 2 GiB`);
define('ERR_FS_WATCH_QUEUE_OVERFLOW', Error, (most) => `fs.watch() queued more than ${most} events`);
define('ERR_DIR_CLOSED', Error, 'Directory handle was closed');
define('ERR_DIR_CONCURRENT_OPERATION', Error, 'Cannot do synchronous work on directory handle with concurrent asynchronous operations');
define('ERR_HTTP_INVALID_HEADER_VALUE', TypeError, (value, name) => `Invalid value "${value}" for header "${name}"`);
define('ERR_HTTP_BODY_NOT_ALLOWED', Error, 'Adding content for this request method or response status is not allowed.');
define('ERR_HTTP_CONTENT_LENGTH_MISMATCH', Error, (size, length) =>
  `Response body's content-length of ${size} byte(s) does not match the content-length of ${length} byte(s) set in header`);
define('ERR_HTTP_REQUEST_TIMEOUT', Error, 'Request timeout');
define('ERR_HTTP_SOCKET_ENCODING', Error, 'Changing the socket encoding is not allowed per RFC7230 Section 3.');
define('ERR_HTTP_TRAILER_INVALID', Error, 'Trailers are invalid with this transfer encoding');
define('ERR_HTTP_SOCKET_ASSIGNED', Error, 'Socket already assigned');
define('ERR_INVALID_PROTOCOL', TypeError, (protocol, expected) => `Protocol "${protocol}" not supported. Expected "${expected}"`);
define('ERR_UNESCAPED_CHARACTERS', TypeError, (name) => `${name} contains unescaped characters`);
define('ERR_HTTP_HEADERS_SENT', Error, (verb) => `Cannot ${verb} headers after they are sent to the client`);
define('ERR_HTTP_INVALID_STATUS_CODE', RangeError, (code) => require('internal/format').format('Invalid status code: %s', code));
define('ERR_INVALID_HTTP_TOKEN', TypeError, (name, value) => `${name} must be a valid HTTP token ["${value}"]`);
define('ERR_INVALID_CHAR', TypeError, (name, field) => `Invalid character in ${name}${field === undefined ? '' : ` ["${field}"]`}`);
define('ERR_PARSE_ARGS_INVALID_OPTION_VALUE', TypeError, (text) => text);
define('ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL', TypeError, (text) => text);
define('ERR_PARSE_ARGS_UNKNOWN_OPTION', TypeError, (text) => text);
define('ERR_TEST_FAILURE', Error, (text) => text);
define('ERR_CONSOLE_WRITABLE_STREAM', TypeError, (name) => `Console expects a writable stream instance for ${name}`);
define('ERR_CRYPTO_HASH_FINALIZED', Error, 'Digest already called');
define('ERR_CRYPTO_INVALID_AUTH_TAG', TypeError, (length) => `Invalid authentication tag length: ${length}`);
define('ERR_CRYPTO_INVALID_DIGEST', TypeError, (name) => `Invalid digest: ${name}`);
define('ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', TypeError, (actual, expected) => `Invalid key object type ${actual}, expected ${expected}.`);
define('ERR_CRYPTO_INVALID_SCRYPT_PARAMS', RangeError, 'Invalid scrypt params');
define('ERR_CRYPTO_INVALID_STATE', Error, (name) => `Invalid state for operation ${name}`);
define('ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', RangeError, 'Input buffers must have the same byte length');
define('ERR_NO_CRYPTO', Error, 'Node.js is not compiled with OpenSSL crypto support');

// AbortError is what an AbortSignal ends an operation with.
class AbortError extends Error {
  constructor(message = 'The operation was aborted', options = undefined) {
    if (options !== undefined && typeof options !== 'object') throw new codes.ERR_INVALID_ARG_TYPE('options', 'Object', options);
    super(message, options);
    this.code = 'ABORT_ERR';
    this.name = 'AbortError';
  }
}

// aggregateTwoErrors returns an error that stands for both, of which one may be missing.
function aggregateTwoErrors(inner, outer) {
  if (!inner || !outer || inner === outer) return inner || outer;
  if (Array.isArray(outer.errors)) {
    outer.errors.push(inner);
    return outer;
  }
  const both = new AggregateError([outer, inner], outer.message);
  both.code = outer.code;
  return both;
}

// coded returns an error with a code whose text is known already: one that Go has made.
function coded(Base, code, message) {
  const error = new Base(message);
  Object.defineProperty(error, 'code', { value: code, enumerable: true, configurable: true, writable: true });
  nameStack(error, `${Base.name} [${code}]: ${message}`);
  return error;
}

module.exports = { coded, codes, AbortError, aggregateTwoErrors, received, list };
