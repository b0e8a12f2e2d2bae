'use strict';

// CallSite is one frame, as Error.prepareStackTrace gets it.
class CallSite {
  #name; #file; #line; #column;
  constructor(line) {
    const [, name, where] = /^ {4}at (?:(.*) \()?(.*?)\)?$/.exec(line);
    const place = /^(.*?)(?::(\d+))?(?::(\d+))?$/.exec(where);
    this.#name = name === undefined || name === '<anonymous>' ? null : name;
    [, this.#file, this.#line, this.#column] = place;
  }
  getFunctionName() { return this.#name; }
  getMethodName() { return null; }
  getTypeName() { return null; }
  getThis() { return undefined; }
  getFunction() { return undefined; }
  getFileName() { return this.#file; }
  getScriptNameOrSourceURL() { return this.#file; }
  getLineNumber() { return this.#line === undefined ? null : +this.#line; }
  getColumnNumber() { return this.#column === undefined ? null : +this.#column; }
  getEvalOrigin() { return undefined; }
  isNative() { return this.#file === 'native'; }
  isToplevel() { return true; }
  isEval() { return false; }
  isConstructor() { return false; }
  isAsync() { return false; }
  isPromiseAll() { return false; }
  getPromiseIndex() { return null; }
  toString() {
    const place = [this.#file, this.#line, this.#column].filter((part) => part !== undefined).join(':');
    return this.#name ? `${this.#name} (${place})` : place;
  }
}

module.exports = CallSite;
