'use strict';

// DOMException, the error class of the web's interfaces.

const { codes: { ERR_INVALID_THIS } } = require('internal/errors');
const { nameStack } = require('internal/stack');

// The names that have a number, and the constants that stand for these.
const numbered = [
  ['IndexSizeError', 'INDEX_SIZE_ERR'], [null, 'DOMSTRING_SIZE_ERR'],
  ['HierarchyRequestError', 'HIERARCHY_REQUEST_ERR'],
  ['WrongDocumentError', 'WRONG_DOCUMENT_ERR'], ['InvalidCharacterError', 'INVALID_CHARACTER_ERR'],
  [null, 'NO_DATA_ALLOWED_ERR'],
  ['NoModificationAllowedError', 'NO_MODIFICATION_ALLOWED_ERR'], ['NotFoundError', 'NOT_FOUND_ERR'],
  ['NotSupportedError', 'NOT_SUPPORTED_ERR'],
  ['InUseAttributeError', 'INUSE_ATTRIBUTE_ERR'], ['InvalidStateError', 'INVALID_STATE_ERR'],
  ['SyntaxError', 'SYNTAX_ERR'],
  ['InvalidModificationError', 'INVALID_MODIFICATION_ERR'], ['NamespaceError', 'NAMESPACE_ERR'],
  ['InvalidAccessError', 'INVALID_ACCESS_ERR'],
  [null, 'VALIDATION_ERR'], ['TypeMismatchError', 'TYPE_MISMATCH_ERR'], ['SecurityError', 'SECURITY_ERR'],
  ['NetworkError', 'NETWORK_ERR'],
  ['AbortError', 'ABORT_ERR'], ['URLMismatchError', 'URL_MISMATCH_ERR'], ['QuotaExceededError', 'QUOTA_EXCEEDED_ERR'],
  ['TimeoutError', 'TIMEOUT_ERR'], ['InvalidNodeTypeError', 'INVALID_NODE_TYPE_ERR'],
  ['DataCloneError', 'DATA_CLONE_ERR'],
];

const codesByName = new Map();

class DOMException extends Error {
  #name; #message;

  constructor(message = '', options = 'Error') {
    super();
    delete this.message;
    const isNamed = options === null || typeof options !== 'object';
    this.#message = `${message}`;
    this.#name = isNamed ? `${options}` : `${options.name ?? 'Error'}`;
    if (!isNamed && 'cause' in options) {
      Object.defineProperty(this, 'cause', { value: options.cause, configurable: true, writable: true,
        enumerable: false });
    }
    nameStack(this, this.#message === '' ? this.#name : `${this.#name}: ${this.#message}`, 'DOMException');
  }

  get name() { return this.#read('name'); }
  get message() { return this.#read('message'); }
  get code() { return codesByName.get(this.#read('name')) ?? 0; }

  #read(what) {
    return what === 'name' ? this.#name : this.#message;
  }

  static isDOMException(value) { return #name in value; }
}

const { isDOMException } = DOMException;
delete DOMException.isDOMException;

for (const name of ['name', 'message', 'code']) {
  const { get } = Object.getOwnPropertyDescriptor(DOMException.prototype, name);
  Object.defineProperty(DOMException.prototype, name, {
    get: { get() {
      if (this === null || typeof this !== 'object' || !isDOMException(this)) {
        throw new ERR_INVALID_THIS('DOMException');
      }
      return Reflect.apply(get, this, []);
    } }.get,
    configurable: true, enumerable: true,
  });
}

numbered.forEach(([name, constant], i) => {
  if (name !== null) codesByName.set(name, i + 1);
  for (const of of [DOMException, DOMException.prototype]) {
    Object.defineProperty(of, constant, { value: i + 1, enumerable: true });
  }
});
Object.defineProperty(DOMException.prototype, Symbol.toStringTag, { value: 'DOMException', configurable: true });

module.exports = { DOMException, isDOMException };
