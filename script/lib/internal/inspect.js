'use strict';

// util.inspect: the walk over a value. What each sort of value looks like is in internal/inspect_values, errors in
// internal/inspect_errors, and how lines are laid out in internal/inspect_layout.

const { validateObject } = require('internal/validators');
const { arrange, width } = require('internal/inspect_layout');
const { escape, primitive } = require('internal/inspect_primitives');

let names; // internal/inspect_names
let lookOf; // of internal/inspect_values

const inside = internalBinding('inside');
const { classOf, classes } = inside;

const custom = Symbol.for('nodejs.util.inspect.custom');

const defaults = Object.seal({
  showHidden: false, depth: 2, colors: false, customInspect: true, showProxy: false, maxArrayLength: 100,
  maxStringLength: 10000, breakLength: 80, compact: 3, sorted: false, getters: false, numericSeparator: false,
});

const mostText = 2 ** 24; // characters at one level; over that much an object's parts are not looked into any more

const plain = (text) => text;

function styled(text, style) {
  const color = inspect.styles[style];
  if (color === undefined) return text;
  if (typeof color === 'function') return color(text);
  const codes = inspect.colors[color];
  return codes === undefined ? text : `\u001b[${codes[0]}m${text}\u001b[${codes[1]}m`;
}

// makeState returns the state of one call of inspect. Functions of scripts get a part of it: see optionsOf.
function makeState(options, stylize) {
  return {
    budget: {}, indentationLvl: 0, seen: [], currentDepth: 0, circular: undefined, userOptions: undefined,
    ...defaults, ...options, stylize,
  };
}

function inspect(value, options, ...old) {
  if (options === undefined && old.length === 0) {
    const kind = typeof value;
    if (kind === 'number' || kind === 'boolean' || kind === 'undefined') return primitive(plain, value, defaults);
  }
  const state = makeState(undefined, plain);
  if (options !== null && typeof options === 'object') {
    for (const key of Object.keys(options)) {
      if (Object.hasOwn(defaults, key) || key === 'stylize') state[key] = options[key];
      else if (state.userOptions === undefined) state.userOptions = options;
    }
  } else { // In their old order.
    if (options !== undefined) state.showHidden = Boolean(options);
    if (old[0] !== undefined) state.depth = old[0];
    if (old[1] !== undefined) state.colors = old[1];
  }
  if (state.colors && state.stylize === plain) state.stylize = styled;
  if (state.maxArrayLength === null) state.maxArrayLength = Infinity;
  if (state.maxStringLength === null) state.maxStringLength = Infinity;
  return formatValue(state, value, 0);
}

// optionsOf returns the options for a function [inspect.custom]. A function of another realm gets no object of ours.
function optionsOf(state, foreign) {
  const options = { stylize: state.stylize, showHidden: state.showHidden, depth: state.depth, colors: state.colors };
  for (const key of Object.keys(defaults)) options[key] = state[key];
  if (state.userOptions !== undefined) Object.assign(options, state.userOptions);
  options.stylize = state.stylize;
  if (foreign) {
    Object.setPrototypeOf(options, null);
    for (const key of Object.keys(options)) {
      if ((typeof options[key] === 'object' || typeof options[key] === 'function') && options[key] !== null) {
        delete options[key];
      }
    }
    options.stylize = Object.setPrototypeOf((text, style) => {
      let made;
      try {
        made = `${state.stylize(text, style)}`;
      } catch {
        return text;
      }
      return made;
    }, null);
  }
  return options;
}

function formatValue(state, value, level, isMember = false) {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
    return primitive(state.stylize, value, state);
  }
  const context = value;
  const isProxy = classOf(value) === classes.Proxy;
  if (isProxy) {
    if (state.showProxy) return formatProxy(state, inside.proxy(value), level);
    while (classOf(value) === classes.Proxy) value = inside.proxy(value)[0];
    if (value === null) return state.stylize('<Revoked Proxy>', 'special');
  }
  if (state.customInspect) {
    const fn = value[custom];
    if (typeof fn === 'function' && fn !== inspect) {
      const constructor = Object.getOwnPropertyDescriptor(value, 'constructor')?.value;
      if (constructor === undefined || constructor === null || constructor.prototype !== value) {
        const depth = state.depth === null ? null : state.depth - level;
        const made = fn.call(context, depth, optionsOf(state, isProxy || !(value instanceof Object)), inspect);
        if (made !== context) {
          if (made !== null && typeof made === 'object') return formatValue(state, made, level);
          return String(made).replaceAll('\n', `\n${' '.repeat(state.indentationLvl)}`);
        }
      }
    }
  }
  if (state.seen.includes(value)) {
    state.circular ??= new Map();
    let index = state.circular.get(value);
    if (index === undefined) {
      index = state.circular.size + 1;
      state.circular.set(value, index);
    }
    return state.stylize(`[Circular *${index}]`, 'special');
  }
  return formatObject(state, value, level, isMember);
}

function formatProxy(state, [target, handler], level) {
  if (level > state.depth && state.depth !== null) return state.stylize('Proxy [Array]', 'special');
  if (target === null) return state.stylize('<Revoked Proxy>', 'special');
  level++;
  state.indentationLvl += 2;
  const parts = [formatValue(state, target, level), formatValue(state, handler, level)];
  state.indentationLvl -= 2;
  return arrange(state, parts, '', ['Proxy [', ']'], true, level);
}

// formatObject formats an object, including its properties.
function formatObject(state, value, level, isMember) {
  if (names === undefined) {
    names = require('internal/inspect_names');
    ({ lookOf } = require('internal/inspect_values'));
  }
  const hidden = state.showHidden && (level <= state.depth || state.depth === null) ? [] : undefined;
  const constructor = names.constructorName(value, state, level, hidden);
  const tag = tagOf(state, value, constructor);

  // A look describes a value: text is all of it if it has no members; else base stands before the members, followed by
  // the braces, further keys, and a function that formats the members.
  const look = lookOf(state, value, level, constructor, tag, isMember);
  const inherited = hidden !== undefined && hidden.length > 0 ? hidden : undefined;
  if (look.text !== undefined && inherited === undefined) return look.text;
  if (level > state.depth && state.depth !== null) {
    const name = names.nameOf(constructor, tag, look.kind === 'array' ? 'Array' : 'Object').slice(0, -1);
    return state.stylize(constructor === null ? name : `[${name}]`, 'special');
  }
  return formatMembers(state, value, level + 1, look, inherited, constructor, tag);
}

// tagOf returns an object's tag, empty if it tells nothing new: it is listed with the properties,
// or part of the constructor's name.
function tagOf(state, value, constructor) {
  let tag;
  try {
    tag = value[Symbol.toStringTag];
  } catch {
    return '';
  }
  if (typeof tag !== 'string' || tag === '') return '';
  const isListed = state.showHidden ? Object.hasOwn : (object, key) =>
    Object.prototype.propertyIsEnumerable.call(object, key);
  if (isListed(value, Symbol.toStringTag)) return '';
  const at = constructor === null ? -1 : constructor.indexOf(tag);
  return at !== -1 && !/[a-z]/.test(constructor[at + tag.length] ?? '') ? '' : tag;
}

function formatMembers(state, value, level, look, inherited, constructor, tag) {
  const { keys, isList } = look;
  const braces = look.braces ?? ['{', '}'];
  const indentation = state.indentationLvl;
  let base = look.base ?? '';
  let output;
  state.seen.push(value);
  state.currentDepth = level;
  try {
    output = look.members === undefined ? [] : look.members(state, level);
    for (const key of look.facts ?? []) output.push(formatProperty(state, value, level, key, 'fact'));
    for (const key of keys) output.push(formatProperty(state, value, level, key, isList));
    if (inherited !== undefined) output.push(...formatInherited(state, value, level, inherited));
  } catch (error) {
    if (!isOverflow(error)) throw error;
    state.seen.length = state.seen.lastIndexOf(value);
    state.indentationLvl = indentation;
    const name = names.nameOf(constructor, tag, look.kind === 'array' ? 'Array' : 'Object').slice(0, -1);
    return state.stylize(`[${name}: Inspection interrupted prematurely. Maximum call stack size exceeded.]`, 'special');
  }
  if (state.circular !== undefined) {
    const index = state.circular.get(value);
    if (index !== undefined) {
      const reference = state.stylize(`<ref *${index}>`, 'special');
      if (state.compact !== true) base = base === '' ? reference : `${reference} ${base}`;
      else braces[0] = `${reference} ${braces[0]}`;
    }
  }
  state.seen.pop();
  if (state.sorted) {
    const order = state.sorted === true ? undefined : state.sorted;
    if (!isList) output.sort(order);
    else if (keys.length > 1) output.push(...output.splice(output.length - keys.length).sort(order));
  }
  const text = arrange(state, output, base, braces, isList, level, value);
  const written = (state.budget[state.indentationLvl] ?? 0) + text.length;
  state.budget[state.indentationLvl] = written;
  if (written > mostText) state.depth = -1;
  return text;
}

function isOverflow(error) {
  return error instanceof Error && (error.message === 'stack overflow' ||
    error.message === 'Maximum call stack size exceeded');
}

function formatInherited(state, value, level, inherited) {
  return inherited.map(({ key, descriptor, holder }) => {
    const text = formatProperty(state, holder, level, key, false, descriptor, value);
    return state.colors ? `\u001b[2m${text}\u001b[22m` : text;
  });
}

// factOf returns the value of a getter. Getters of a DataView throw once its memory was transferred.
function factOf(value, key) {
  try {
    return value[key];
  } catch {
    return key === 'byteLength' ? 0 : undefined;
  }
}

const identifier = /^[a-zA-Z_][a-zA-Z_0-9]*$/;

// formatProperty formats one property: of an array's element the value alone, of a fact, which is
// no own property, its name in brackets.
function formatProperty(state, value, level, key, isElement, descriptor = undefined, original = value) {
  let text;
  let space = ' ';
  descriptor ??= Object.getOwnPropertyDescriptor(value, key) ?? { value: factOf(value, key), enumerable: false };
  if (descriptor.value !== undefined) {
    const by = state.compact !== true || isElement !== false ? 2 : 3;
    state.indentationLvl += by;
    text = formatValue(state, descriptor.value, level);
    if (by === 3 && text.length > state.breakLength && width(text, state.colors) > state.breakLength) {
      space = `\n${' '.repeat(state.indentationLvl)}`;
    }
    state.indentationLvl -= by;
  } else if (descriptor.get !== undefined) {
    text = formatGetter(state, descriptor, level, original);
  } else if (descriptor.set !== undefined) {
    text = state.stylize('[Setter]', 'special');
  } else {
    text = state.stylize('undefined', 'undefined');
  }
  if (isElement === 'element') return text;
  if (isElement === 'fact') return `${state.stylize(`[${key}]`, 'string')}:${space}${text}`;
  return `${keyOf(state, key, descriptor.enumerable)}:${space}${text}`;
}

function keyOf(state, key, enumerable) {
  if (typeof key === 'symbol') {
    const name = state.stylize(escape(key.toString(), false), 'symbol');
    return enumerable === false ? `[${name}]` : name;
  }
  if (key === '__proto__') return "['__proto__']";
  const name = identifier.test(key) ? state.stylize(key, 'name') : state.stylize(escape(key), 'string');
  return enumerable === false ? `[${name}]` : name;
}

function formatGetter(state, { get, set }, level, original) {
  const label = set === undefined ? 'Getter' : 'Getter/Setter';
  const special = (text) => state.stylize(text, 'special');
  const wanted = state.getters === true || (state.getters === 'get' && set === undefined) ||
    (state.getters === 'set' && set !== undefined);
  if (!wanted) return special(`[${label}]`);
  state.indentationLvl += 2;
  try {
    const value = get.call(original);
    if (value !== null && typeof value === 'object') {
      return `${special(`[${label}]`)} ${formatValue(state, value, level)}`;
    }
    return `${special(`[${label}:`)} ${primitive(state.stylize, value, state)}${special(']')}`;
  } catch (error) {
    return `${special(`[${label}:`)} <Inspection threw (${formatValue(state, error, level)})>${special(']')}`;
  } finally {
    state.indentationLvl -= 2;
  }
}

const regexpColors = ['green', 'red', 'yellow', 'cyan', 'magenta'];

// regexp is the style of regular expressions. A script may give it other colors.
function regexp(text) {
  const colors = regexp.colors?.length > 0 ? regexp.colors : regexpColors;
  const paint = (part, color) => {
    const codes = inspect.colors[color];
    return codes === undefined ? part : `\u001b[${codes[0]}m${part}\u001b[${codes[1]}m`;
  };
  return text.startsWith('/') ? require('internal/inspect_regexp').colored(text, colors, paint) : paint(text, 'red');
}
regexp.colors = regexpColors;

inspect.custom = custom;
inspect.colors = Object.assign(Object.create(null), {
  reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], blink: [5, 25], inverse: [7, 27],
  hidden: [8, 28],
  strikethrough: [9, 29], doubleunderline: [21, 24], black: [30, 39], red: [31, 39], green: [32, 39],
  yellow: [33, 39], blue: [34, 39],
  magenta: [35, 39], cyan: [36, 39], white: [37, 39], bgBlack: [40, 49], bgRed: [41, 49], bgGreen: [42, 49],
  bgYellow: [43, 49],
  bgBlue: [44, 49], bgMagenta: [45, 49], bgCyan: [46, 49], bgWhite: [47, 49], framed: [51, 54], overlined: [53, 55],
  gray: [90, 39],
  redBright: [91, 39], greenBright: [92, 39], yellowBright: [93, 39], blueBright: [94, 39], magentaBright: [95, 39],
  cyanBright: [96, 39],
  whiteBright: [97, 39], bgGray: [100, 49], bgRedBright: [101, 49], bgGreenBright: [102, 49], bgYellowBright: [103, 49],
  bgBlueBright: [104, 49], bgMagentaBright: [105, 49], bgCyanBright: [106, 49], bgWhiteBright: [107, 49],
});
for (const [name, of] of [['grey', 'gray'], ['bgGrey', 'bgGray'], ['blackBright', 'gray'], ['bgBlackBright', 'bgGray'],
  ['faint', 'dim'],
  ['crossedout', 'strikethrough'], ['strikeThrough', 'strikethrough'], ['crossedOut', 'strikethrough'],
  ['conceal', 'hidden'],
  ['swapColors', 'inverse'], ['swapcolors', 'inverse'], ['doubleUnderline', 'doubleunderline']]) {
  Object.defineProperty(inspect.colors, name, {
    get() { return this[of]; },
    set(codes) { this[of] = codes; },
    configurable: true, enumerable: false,
  });
}
inspect.styles = Object.assign(Object.create(null), {
  special: 'cyan', number: 'yellow', bigint: 'yellow', boolean: 'yellow', undefined: 'grey', null: 'bold',
  string: 'green', symbol: 'green', date: 'magenta', regexp, module: 'underline',
});
Object.defineProperty(inspect, 'defaultOptions', {
  get: () => defaults,
  set(options) {
    validateObject(options, 'options');
    for (const key of Object.keys(options)) if (Object.hasOwn(defaults, key)) defaults[key] = options[key];
  },
  configurable: true, enumerable: true,
});

module.exports = { custom, formatProperty, formatValue, inspect, isOverflow, keyOf, plain };
