'use strict';

// The messages of errors by code: a text, or a function of the error's arguments. The classes are in internal/errors.

function quoted(name) {
  if (name.endsWith(' argument')) return `The ${name}`;
  return `The "${name}" ${name.includes('.') ? 'property' : 'argument'}`;
}

const kinds = new Set(['string', 'function', 'number', 'object', 'boolean', 'bigint', 'symbol']);

function list(words, last) {
  if (words.length < 3) return words.join(` ${last} `);
  return `${words.slice(0, -1).join(', ')}, ${last} ${words.at(-1)}`;
}

// expectedOf describes the allowed types: names of types, of classes, and others.
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

// received describes the value that came in its place.
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

const messages = {
  __proto__: null,
  ERR_INVALID_ARG_TYPE: (name, expected, actual) =>
    `${quoted(name)} must be ${expectedOf(expected)}.${received(actual)}`,
  ERR_INVALID_ARG_VALUE: (name, value, reason = 'is invalid') => {
    let text = inspect(value);
    if (text.length > 128) text = `${text.slice(0, 128)}...`;
    return `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${reason}. Received ${text}`;
  },
  ERR_OUT_OF_RANGE: (name, range, value) => {
    let text;
    if (Number.isInteger(value) && Math.abs(value) > 2 ** 32) text = grouped(value);
    else if (typeof value === 'bigint') text = `${value > 2n ** 32n || value < -(2n ** 32n) ? grouped(value) : value}n`;
    else text = inspect(value);
    return `The value of "${name}" is out of range. It must be ${range}. Received ${text}`;
  },
  ERR_ARG_NOT_ITERABLE: (name) => `${name} must be iterable`,
  ERR_INVALID_RETURN_VALUE: (expected, name, value) =>
    `Expected ${expected} to be returned from the "${name}" function but got ${received(value).slice(' Received '.length)}.`,
  ERR_MISSING_ARGS: (...names) => {
    const all = names.map((name) => (Array.isArray(name) ? name.map((n) => `"${n}"`).join(' or ') : `"${name}"`));
    return `The ${list(all, 'and')} argument${all.length > 1 ? 's' : ''} must be specified`;
  },
  ERR_UNHANDLED_ERROR: (value) => (value === undefined ? 'Unhandled error.' : `Unhandled error. (${value})`),
  ERR_UNKNOWN_ENCODING: (encoding) => `Unknown encoding: ${typeof encoding === 'string' ? encoding : inspect(encoding)}`,
  ERR_UNKNOWN_SIGNAL: (signal) => `Unknown signal: ${require('internal/format').format('%s', signal)}`,
  ERR_INVALID_THIS: (type) => `Value of "this" must be of type ${type}`,
  ERR_METHOD_NOT_IMPLEMENTED: (name) => `The ${name} method is not implemented`,
  ERR_MULTIPLE_CALLBACK: 'Callback called multiple times',
  ERR_ILLEGAL_CONSTRUCTOR: 'Illegal constructor',
  ERR_INVALID_STATE: (text) => `Invalid state: ${text}`,
  ERR_BUFFER_OUT_OF_BOUNDS: (name) =>
    (name ? `"${name}" is outside of buffer bounds` : 'Attempt to access memory outside buffer bounds'),
  ERR_BUFFER_TOO_LARGE: (size) => `Cannot create a Buffer larger than ${size} bytes`,
  ERR_INVALID_BUFFER_SIZE: (size) => `Buffer size must be a multiple of ${size}`,
  ERR_STREAM_ALREADY_FINISHED: (name) => `Cannot call ${name} after a stream was finished`,
  ERR_STREAM_CANNOT_PIPE: 'Cannot pipe, not readable',
  ERR_STREAM_DESTROYED: (name) => `Cannot call ${name} after a stream was destroyed`,
  ERR_STREAM_NULL_VALUES: 'May not write null values to stream',
  ERR_STREAM_PREMATURE_CLOSE: 'Premature close',
  ERR_STREAM_PUSH_AFTER_EOF: 'stream.push() after EOF',
  ERR_STREAM_UNABLE_TO_PIPE: 'Cannot pipe to a closed or destroyed stream',
  ERR_STREAM_UNSHIFT_AFTER_END_EVENT: 'stream.unshift() after end event',
  ERR_STREAM_WRITE_AFTER_END: 'write after end',
  ERR_CHILD_PROCESS_IPC_REQUIRED: (name) =>
    `Forked processes must have an IPC channel, missing value 'ipc' in ${name}`,
  ERR_CHILD_PROCESS_STDIO_MAXBUFFER: (name) => `${name} maxBuffer length exceeded`,
  ERR_CHILD_CLOSED_BEFORE_REPLY: 'Child closed before reply received',
  ERR_IPC_CHANNEL_CLOSED: 'Channel closed',
  ERR_IPC_DISCONNECTED: 'IPC channel is already disconnected',
  ERR_IPC_ONE_PIPE: 'Child process can have only one IPC pipe',
  ERR_IPC_SYNC_FORK: 'IPC cannot be used with synchronous forks',
  ERR_INVALID_HANDLE_TYPE: 'This handle type cannot be sent',
  ERR_INVALID_SYNC_FORK_INPUT: (value) => `Asynchronous forks do not support Buffer, TypedArray, DataView or string input: ${value}`,
  ERR_INVALID_FD_TYPE: (type) => `Unsupported fd type: ${type}`,
  ERR_INVALID_FD: (fd) => `"fd" must be a positive integer: ${fd}`,
  ERR_SERVER_ALREADY_LISTEN: 'Listen method has been called more than once without closing.',
  ERR_SERVER_NOT_RUNNING: 'Server is not running.',
  ERR_SOCKET_ALREADY_BOUND: 'Socket is already bound',
  ERR_SOCKET_BAD_PORT: (name, port, allowZero = true) =>
    `${name} should be ${allowZero ? '>=' : '>'} 0 and < 65536.${received(port)}`,
  ERR_SOCKET_BAD_TYPE: 'Bad socket type specified. Valid types are: udp4, udp6',
  ERR_SOCKET_CLOSED: 'Socket is closed',
  ERR_SOCKET_CLOSED_BEFORE_CONNECTION: 'Socket closed before the connection was established',
  ERR_SOCKET_CONNECTION_TIMEOUT: 'Socket connection timeout',
  ERR_SOCKET_DGRAM_IS_CONNECTED: 'Already connected',
  ERR_SOCKET_DGRAM_NOT_CONNECTED: 'Not connected',
  ERR_SOCKET_DGRAM_NOT_RUNNING: 'Not running',
  ERR_IP_BLOCKED: (ip) => `IP(${ip}) is blocked by net.BlockList`,
  ERR_SOCKET_BAD_BUFFER_SIZE: 'Buffer size must be a positive integer',
  ERR_INVALID_ADDRESS: 'Invalid address',
  ERR_INVALID_IP_ADDRESS: (ip) => `Invalid IP address: ${ip}`,
  ERR_INVALID_ADDRESS_FAMILY: (family, host, port) => `Invalid address family: ${family} ${host}:${port}`,
  ERR_INVALID_FILE_URL_HOST: (platform) => `File URL host must be "localhost" or empty on ${platform}`,
  ERR_INVALID_FILE_URL_PATH: (why) => `File URL path ${why}`,
  ERR_INVALID_URL: 'Invalid URL',
  ERR_INVALID_URL_SCHEME: (expected) =>
    `The URL must be ${/^[aeiou]/.test([].concat(expected)[0]) ? 'of' : 'of'} scheme ${list([].concat(expected), 'or')}`,
  ERR_ENCODING_INVALID_ENCODED_DATA: (encoding) => `The encoded data was not valid for encoding ${encoding}`,
  ERR_ENCODING_NOT_SUPPORTED: (encoding) => `The "${encoding}" encoding is not supported`,
  ERR_INVALID_TUPLE: (name, expected) => `${name} must be an iterable ${expected} tuple`,
  ERR_INVALID_URI: 'URI malformed',
  ERR_INVALID_CURSOR_POS: 'Cannot set cursor row without setting its column',
  ERR_USE_AFTER_CLOSE: (name) => `${name} was closed`,
  ERR_MODULE_NOT_FOUND: (text) => text,
  ERR_REQUIRE_ASYNC_MODULE: (filename, parent) =>
    'require() cannot be used on an ESM graph with top-level await. Use import() instead. To see where the top-level await comes from, ' +
    `use --experimental-print-required-tla.${parent ? `\n  From ${parent} ` : ''}${filename ? `\n  Requiring ${filename} ` : ''}`,
  ERR_REQUIRE_CYCLE_MODULE: (action, importer, hint = '') =>
    `Cannot ${action} in a cycle.${importer ? ` (from ${importer.replace(/^file:\/\//, '')})` : ''}${hint}`,
  ERR_REQUIRE_ESM: (filename, parent, packageFile) => {
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
  },
  ERR_INPUT_TYPE_NOT_ALLOWED: '--input-type can only be used with string input via --eval, --print, or STDIN',
  ERR_EVAL_ESM_CANNOT_PRINT: '--print cannot be used with ESM input',
  ERR_UNKNOWN_CREDENTIAL: (kind, name) => `${kind} identifier does not exist: ${name}`,
  ERR_INVALID_OBJECT_DEFINE_PROPERTY: (text) => text,
  ERR_UNKNOWN_BUILTIN_MODULE: (name) => `No such built-in module: ${name}`,
  ERR_UNKNOWN_FILE_EXTENSION: (ext, path) => `Unknown file extension "${ext}" for ${path}`,
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM: (name) =>
    `The feature ${name} is unavailable on the current platform, which is being used to run Node.js`,
  ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET:
    '`process.setupUncaughtExceptionCapture()` was called while a capture callback was already active',
  ERR_UNHANDLED_REJECTION: (reason) =>
    'This error originated either by throwing inside of an async function without a catch block, ' +
    `or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason "${reason}".`,
  ERR_EVENT_RECURSION: (type) => `The event "${type}" is already being dispatched`,
  ERR_FALSY_VALUE_REJECTION: 'Promise was rejected with falsy value',
  ERR_INCOMPATIBLE_OPTION_PAIR: (one, other) => `Option "${one}" cannot be used in combination with option "${other}"`,
  ERR_ASYNC_CALLBACK: (name) => `${name} must be a function`,
  ERR_ASYNC_TYPE: (type) => `Invalid name for async "type": ${type}`,
  ERR_INVALID_ASYNC_ID: (name, value) => `Invalid ${name} value: ${value}`,
  ERR_PERFORMANCE_INVALID_TIMESTAMP: (time) => `${time} is not a valid timestamp`,
  ERR_PERFORMANCE_MEASURE_INVALID_OPTIONS: (text) => text,
  ERR_CONTEXT_NOT_INITIALIZED: 'context used is not initialized',
  ERR_INVALID_MIME_SYNTAX: (production, text, at) =>
    `The MIME syntax for a ${production} in "${text}" is invalid${at === -1 ? '' : ` at ${at}`}`,
  ERR_CLOSED_MESSAGE_PORT: 'Cannot send data on closed MessagePort',
  ERR_CONSTRUCT_CALL_REQUIRED: (name) => `Class constructor ${name} cannot be invoked without \`new\``,
  ERR_ASSERTION: (text) => text,
  ERR_AMBIGUOUS_ARGUMENT: (name, reason) => `The "${name}" argument is ambiguous. ${reason}`,
  ERR_FS_FILE_TOO_LARGE: (size) => `File size (${size}) is greater than 2 GiB`,
  ERR_FS_WATCH_QUEUE_OVERFLOW: (most) => `fs.watch() queued more than ${most} events`,
  ERR_DIR_CLOSED: 'Directory handle was closed',
  ERR_DIR_CONCURRENT_OPERATION: 'Cannot do synchronous work on directory handle with concurrent asynchronous operations',
  ERR_HTTP_INVALID_HEADER_VALUE: (value, name) => `Invalid value "${value}" for header "${name}"`,
  ERR_HTTP_BODY_NOT_ALLOWED: 'Adding content for this request method or response status is not allowed.',
  ERR_HTTP_CONTENT_LENGTH_MISMATCH: (size, length) =>
    `Response body's content-length of ${size} byte(s) does not match the content-length of ${length} byte(s) set in header`,
  ERR_HTTP_REQUEST_TIMEOUT: 'Request timeout',
  ERR_HTTP_SOCKET_ENCODING: 'Changing the socket encoding is not allowed per RFC7230 Section 3.',
  ERR_HTTP_TRAILER_INVALID: 'Trailers are invalid with this transfer encoding',
  ERR_HTTP_SOCKET_ASSIGNED: 'Socket already assigned',
  ERR_INVALID_PROTOCOL: (protocol, expected) => `Protocol "${protocol}" not supported. Expected "${expected}"`,
  ERR_UNESCAPED_CHARACTERS: (name) => `${name} contains unescaped characters`,
  ERR_HTTP_HEADERS_SENT: (verb) => `Cannot ${verb} headers after they are sent to the client`,
  ERR_HTTP_INVALID_STATUS_CODE: (code) => require('internal/format').format('Invalid status code: %s', code),
  ERR_INVALID_HTTP_TOKEN: (name, value) => `${name} must be a valid HTTP token ["${value}"]`,
  ERR_INVALID_CHAR: (name, field) => `Invalid character in ${name}${field === undefined ? '' : ` ["${field}"]`}`,
  ERR_PARSE_ARGS_INVALID_OPTION_VALUE: (text) => text,
  ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL: (text) => text,
  ERR_PARSE_ARGS_UNKNOWN_OPTION: (text) => text,
  ERR_TEST_FAILURE: (text) => text,
  ERR_CONSOLE_WRITABLE_STREAM: (name) => `Console expects a writable stream instance for ${name}`,
  ERR_CRYPTO_HASH_FINALIZED: 'Digest already called',
  ERR_CRYPTO_INVALID_AUTH_TAG: (length) => `Invalid authentication tag length: ${length}`,
  ERR_CRYPTO_INVALID_DIGEST: (name) => `Invalid digest: ${name}`,
  ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE: (actual, expected) => `Invalid key object type ${actual}, expected ${expected}.`,
  ERR_CRYPTO_INVALID_SCRYPT_PARAMS: 'Invalid scrypt params',
  ERR_CRYPTO_INVALID_STATE: (name) => `Invalid state for operation ${name}`,
  ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH: 'Input buffers must have the same byte length',
  ERR_NO_CRYPTO: 'Node.js is not compiled with OpenSSL crypto support',
};

module.exports = { list, messages, received };
