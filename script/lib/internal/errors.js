'use strict';

// Errors with the codes and the messages that Node documents.

const { nameStack } = require('internal/stack');

// The codes, by the class that theirs extends.
const bases = [
  [TypeError, ' ' +
    'ERR_INVALID_ARG_TYPE ERR_INVALID_ARG_VALUE ERR_ARG_NOT_ITERABLE ERR_INVALID_RETURN_VALUE ERR_MISSING_ARGS ERR_UNKNOWN_ENCODING ' +
    'ERR_UNKNOWN_SIGNAL ERR_INVALID_THIS ERR_ILLEGAL_CONSTRUCTOR ERR_STREAM_NULL_VALUES ERR_INVALID_HANDLE_TYPE ' +
    'ERR_INVALID_SYNC_FORK_INPUT ERR_INVALID_FD_TYPE ERR_SOCKET_BAD_TYPE ERR_SOCKET_BAD_BUFFER_SIZE ERR_INVALID_IP_ADDRESS ' +
    'ERR_INVALID_FILE_URL_HOST ERR_INVALID_FILE_URL_PATH ERR_INVALID_URL ERR_INVALID_URL_SCHEME ERR_ENCODING_INVALID_ENCODED_DATA ' +
    'ERR_INVALID_TUPLE ERR_INVALID_CURSOR_POS ERR_INVALID_OBJECT_DEFINE_PROPERTY ERR_UNKNOWN_FILE_EXTENSION ' +
    'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM ERR_INCOMPATIBLE_OPTION_PAIR ERR_ASYNC_CALLBACK ERR_ASYNC_TYPE ERR_PERFORMANCE_INVALID_TIMESTAMP ' +
    'ERR_PERFORMANCE_MEASURE_INVALID_OPTIONS ERR_INVALID_MIME_SYNTAX ERR_CONSTRUCT_CALL_REQUIRED ERR_AMBIGUOUS_ARGUMENT ' +
    'ERR_HTTP_INVALID_HEADER_VALUE ERR_INVALID_PROTOCOL ERR_UNESCAPED_CHARACTERS ERR_INVALID_HTTP_TOKEN ERR_INVALID_CHAR ' +
    'ERR_PARSE_ARGS_INVALID_OPTION_VALUE ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL ERR_PARSE_ARGS_UNKNOWN_OPTION ERR_CONSOLE_WRITABLE_STREAM ' +
    'ERR_CRYPTO_INVALID_AUTH_TAG ERR_CRYPTO_INVALID_DIGEST ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE '],
  [RangeError, ' ' +
    'ERR_OUT_OF_RANGE ERR_BUFFER_OUT_OF_BOUNDS ERR_BUFFER_TOO_LARGE ERR_INVALID_BUFFER_SIZE ERR_CHILD_PROCESS_STDIO_MAXBUFFER ' +
    'ERR_INVALID_FD ERR_SOCKET_BAD_PORT ERR_INVALID_ADDRESS_FAMILY ERR_ENCODING_NOT_SUPPORTED ERR_INVALID_ASYNC_ID ERR_FS_FILE_TOO_LARGE ' +
    'ERR_HTTP_INVALID_STATUS_CODE ERR_CRYPTO_INVALID_SCRYPT_PARAMS ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH '],
  [Error, ' ' +
    'ERR_UNHANDLED_ERROR ERR_METHOD_NOT_IMPLEMENTED ERR_MULTIPLE_CALLBACK ERR_INVALID_STATE ERR_STREAM_ALREADY_FINISHED ' +
    'ERR_STREAM_CANNOT_PIPE ERR_STREAM_DESTROYED ERR_STREAM_PREMATURE_CLOSE ERR_STREAM_PUSH_AFTER_EOF ERR_STREAM_UNABLE_TO_PIPE ' +
    'ERR_STREAM_UNSHIFT_AFTER_END_EVENT ERR_STREAM_WRITE_AFTER_END ERR_CHILD_PROCESS_IPC_REQUIRED ERR_CHILD_CLOSED_BEFORE_REPLY ' +
    'ERR_IPC_CHANNEL_CLOSED ERR_IPC_DISCONNECTED ERR_IPC_ONE_PIPE ERR_IPC_SYNC_FORK ERR_SERVER_ALREADY_LISTEN ERR_SERVER_NOT_RUNNING ' +
    'ERR_SOCKET_ALREADY_BOUND ERR_SOCKET_CLOSED ERR_SOCKET_CLOSED_BEFORE_CONNECTION ERR_SOCKET_CONNECTION_TIMEOUT ' +
    'ERR_SOCKET_DGRAM_IS_CONNECTED ERR_SOCKET_DGRAM_NOT_CONNECTED ERR_SOCKET_DGRAM_NOT_RUNNING ERR_IP_BLOCKED ERR_INVALID_ADDRESS ' +
    'ERR_USE_AFTER_CLOSE ERR_MODULE_NOT_FOUND ERR_REQUIRE_ASYNC_MODULE ERR_REQUIRE_CYCLE_MODULE ERR_REQUIRE_ESM ' +
    'ERR_INPUT_TYPE_NOT_ALLOWED ERR_EVAL_ESM_CANNOT_PRINT ERR_UNKNOWN_CREDENTIAL ERR_UNKNOWN_BUILTIN_MODULE ' +
    'ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET ERR_UNHANDLED_REJECTION ERR_EVENT_RECURSION ERR_FALSY_VALUE_REJECTION ' +
    'ERR_CONTEXT_NOT_INITIALIZED ERR_CLOSED_MESSAGE_PORT ERR_ASSERTION ERR_FS_WATCH_QUEUE_OVERFLOW ERR_DIR_CLOSED ' +
    'ERR_DIR_CONCURRENT_OPERATION ERR_HTTP_BODY_NOT_ALLOWED ERR_HTTP_CONTENT_LENGTH_MISMATCH ERR_HTTP_REQUEST_TIMEOUT ' +
    'ERR_HTTP_SOCKET_ENCODING ERR_HTTP_TRAILER_INVALID ERR_HTTP_SOCKET_ASSIGNED ERR_HTTP_HEADERS_SENT ERR_TEST_FAILURE ' +
    'ERR_CRYPTO_HASH_FINALIZED ERR_CRYPTO_INVALID_STATE ERR_NO_CRYPTO '],
  [URIError, ' ERR_INVALID_URI '],
];

// codes has the class of each code. A class is made on first use, and the messages are loaded with the first error,
// because most scripts see few errors or none.
const codes = new Proxy({ __proto__: null }, {
  get(made, code) {
    if (made[code] === undefined && typeof code === 'string') {
      const row = bases.find(([, names]) => names.includes(` ${code} `));
      if (row !== undefined) made[code] = classOf(code, row[0]);
    }
    return made[code];
  },
});

function classOf(code, Base) {
  class NodeError extends Base {
    constructor(...args) {
      const message = require('internal/error_messages').messages[code];
      super(typeof message === 'string' ? message : message(...args));
      Object.defineProperty(this, 'code', { __proto__: null, value: code, enumerable: true, configurable: true,
        writable: true });
      nameStack(this, `${Base.name} [${code}]: ${this.message}`, 'NodeError');
    }
    toString() {
      return `${this.name} [${code}]: ${this.message}`;
    }
  }
  delete NodeError.prototype.constructor; // Scripts see the constructor of the base: there is no class for each code.
  return NodeError;
}

// AbortError is the error of an operation that an AbortSignal has aborted.
class AbortError extends Error {
  constructor(message = 'The operation was aborted', options = undefined) {
    if (options !== undefined && typeof options !== 'object') {
      throw new codes.ERR_INVALID_ARG_TYPE('options', 'Object', options);
    }
    super(message, options);
    this.code = 'ABORT_ERR';
    this.name = 'AbortError';
  }
}

// aggregateTwoErrors returns one error for two, either of which may be missing.
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

// coded returns an error with a code and a text, made for Go.
function coded(Base, code, message) {
  const error = new Base(message);
  Object.defineProperty(error, 'code', { value: code, enumerable: true, configurable: true, writable: true });
  nameStack(error, `${Base.name} [${code}]: ${message}`);
  return error;
}

module.exports = { coded, codes, AbortError, aggregateTwoErrors };
