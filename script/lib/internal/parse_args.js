'use strict';

// util.parseArgs.

const { codes } = require('internal/errors');
const { validateArray, validateBoolean, validateObject, validateString } = require('internal/validators');

const own = (object, key) => (Object.hasOwn(object, key) ? object[key] : undefined);

function checkUnion(value, name, types) {
  if (!types.includes(value)) throw new codes.ERR_INVALID_ARG_TYPE(name, `('${types.join('|')}')`, value);
}

function checkDefault(option, name) {
  const value = own(option, 'default');
  if (value === undefined) return;
  const check = option.type === 'string' ? validateString : validateBoolean;
  if (!own(option, 'multiple')) {
    check(value, `options.${name}.default`);
    return;
  }
  validateArray(value, `options.${name}.default`);
  value.forEach((one, i) => check(one, `options.${name}.default[${i}]`));
}

function checkOptions(options) {
  for (const name of Object.keys(options)) {
    const option = options[name];
    validateObject(option, `options.${name}`);
    checkUnion(own(option, 'type'), `options.${name}.type`, ['string', 'boolean']);
    if (Object.hasOwn(option, 'short')) {
      validateString(option.short, `options.${name}.short`);
      if (option.short.length !== 1) {
        throw new codes.ERR_INVALID_ARG_VALUE(`options.${name}.short`, option.short, 'must be a single character');
      }
    }
    const multiple = own(option, 'multiple');
    if (multiple !== undefined) validateBoolean(multiple, `options.${name}.multiple`);
    checkDefault(option, name);
  }
}

const typeOf = (options, name) => own(own(options, name) ?? {}, 'type');

const longOf = (options, short) => Object.keys(options).find((name) => own(options[name], 'short') === short) ?? short;

// Scanner makes tokens of arguments.
class Scanner {
  constructor(args, options) {
    this.options = options;
    this.tokens = [];
    this.queue = args.map((text, index) => ({ text, index }));
  }

  scan() {
    while (this.queue.length > 0) {
      const { text, index } = this.queue.shift();
      if (text === '--') {
        this.tokens.push({ kind: 'option-terminator', index });
        for (const { text: value, index: i } of this.queue) this.tokens.push({ kind: 'positional', index: i, value });
        return this.tokens;
      }
      if (typeof text !== 'string' || text.length < 2 || text[0] !== '-') {
        this.tokens.push({ kind: 'positional', index, value: text });
      }
      else if (text.startsWith('--')) this.long(text, index);
      else this.short(text, index);
    }
    return this.tokens;
  }

  // takeValue returns the argument after an option, if that may be its value.
  takeValue(name) {
    if (typeOf(this.options, name) !== 'string' || this.queue.length === 0) return undefined;
    return this.queue.shift().text;
  }

  push(name, rawName, index, value, inlineValue) {
    this.tokens.push({ kind: 'option', name, rawName, index, value, inlineValue });
  }

  long(text, index) {
    const equals = text.indexOf('=', 3);
    if (equals !== -1) {
      this.push(text.slice(2, equals), text.slice(0, equals), index, text.slice(equals + 1), true);
      return;
    }
    const name = text.slice(2);
    const value = this.takeValue(name);
    this.push(name, text, index, value, value === undefined ? undefined : false);
  }

  // short is a group of letters, the last of which may have a value.
  short(text, index) {
    for (let i = 1; i < text.length; i++) {
      const letter = text[i];
      const name = longOf(this.options, letter);
      if (typeOf(this.options, name) !== 'string') {
        this.push(name, `-${letter}`, index);
      } else if (i < text.length - 1) {
        this.push(name, `-${letter}`, index, text.slice(i + 1), true);
        return;
      } else {
        const value = this.takeValue(name);
        this.push(name, `-${letter}`, index, value, value === undefined ? undefined : false);
      }
    }
  }
}

const looksLikeOption = (value) => typeof value === 'string' && value.length > 1 && value[0] === '-';

// negated returns the name of the option that --no-name turns off, if there is one.
function negated(token, options, allowNegative, strict) {
  if (!allowNegative || !token.rawName.startsWith('--no-')) return undefined;
  const name = token.name.slice(3);
  const type = typeOf(options, name);
  return type === 'boolean' || (type === undefined && !strict) ? name : undefined;
}

function checkKnown(token, name, options, allowPositionals) {
  if (!Object.hasOwn(options, name)) {
    const hint = allowPositionals ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- ${
      JSON.stringify(token.rawName)}` : '';
    throw new codes.ERR_PARSE_ARGS_UNKNOWN_OPTION(`Unknown option '${token.rawName}'${hint}`);
  }
  const short = own(options[name], 'short');
  const shown = `${short ? `-${short}, ` : ''}--${name}`;
  if (typeOf(options, name) === 'string' && typeof token.value !== 'string') {
    throw new codes.ERR_PARSE_ARGS_INVALID_OPTION_VALUE(`Option '${shown} <value>' argument missing`);
  }
  if (typeOf(options, name) === 'boolean' && token.value != null) {
    throw new codes.ERR_PARSE_ARGS_INVALID_OPTION_VALUE(`Option '${shown}' does not take an argument`);
  }
}

function checkValue({ name, rawName, value, inlineValue }) {
  if (inlineValue || !looksLikeOption(value)) return;
  const example = rawName.startsWith('--') ? `'${rawName}=-XYZ'` : `'--${name}=-XYZ' or '${rawName}-XYZ'`;
  throw new codes.ERR_PARSE_ARGS_INVALID_OPTION_VALUE(`Option '${rawName}' argument is ambiguous.
Did you forget to specify the option argument for '${rawName}'?
To specify an option argument starting with a dash use ${example}.`);
}

function store(values, options, name, value) {
  if (name === '__proto__') return;
  if (own(options[name] ?? {}, 'multiple') && Object.hasOwn(options, name)) {
    if (values[name] === undefined) values[name] = [];
    values[name].push(value);
  } else {
    values[name] = value;
  }
}

// argumentsOf returns the script's arguments: all after its file, or after the options if there is no file.
const argumentsOf = () => process.argv.slice(process.execArgv.some((one) =>
  /^(-e|-p|-pe|--eval|--print)(=|$)/.test(one)) ? 1 : 2);

function parseArgs(config = {}) {
  const args = own(config, 'args') ?? argumentsOf();
  const strict = own(config, 'strict') ?? true;
  const allowPositionals = own(config, 'allowPositionals') ?? !strict;
  const returnTokens = own(config, 'tokens') ?? false;
  const allowNegative = own(config, 'allowNegative') ?? false;
  const options = own(config, 'options') ?? { __proto__: null };
  validateArray(args, 'args');
  validateBoolean(strict, 'strict');
  validateBoolean(allowPositionals, 'allowPositionals');
  validateBoolean(returnTokens, 'tokens');
  validateBoolean(allowNegative, 'allowNegative');
  validateObject(options, 'options');
  checkOptions(options);

  const tokens = new Scanner(args, options).scan();
  const result = { values: { __proto__: null }, positionals: [] };
  if (returnTokens) result.tokens = tokens;
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (!allowPositionals) {
        throw new codes.ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL(
          `Unexpected argument '${token.value}'. This command does not take positional arguments`);
      }
      result.positionals.push(token.value);
    } else if (token.kind === 'option') {
      const off = negated(token, options, allowNegative, strict);
      const name = off ?? token.name;
      if (strict) {
        checkKnown(token, name, options, allowPositionals);
        checkValue(token);
      }
      if (off !== undefined) token.name = name;
      store(result.values, options, name, off === undefined ? token.value ?? true : false);
    }
  }
  for (const name of Object.keys(options)) {
    const value = own(options[name], 'default');
    if (value !== undefined && name !== '__proto__' && result.values[name] === undefined) result.values[name] = value;
  }
  return result;
}

module.exports = { parseArgs };
