'use strict';

// The messages of assertions: the actual value, the expected value, and their differences.

const { inspect } = require('internal/inspect');
const { insert, myersDiff, nop } = require('internal/assert/myers_diff');

const headers = {
  deepStrictEqual: 'Expected values to be strictly deep-equal:',
  partialDeepStrictEqual: 'Expected values to be partially and strictly deep-equal:',
  strictEqual: 'Expected values to be strictly equal:',
  strictEqualObject: 'Expected "actual" to be reference-equal to "expected":',
  deepEqual: 'Expected values to be loosely deep-equal:',
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notStrictEqualObject: 'Expected "actual" not to be reference-equal to "expected":',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
  notIdentical: 'Values have same structure but are not reference-equal:',
  notDeepEqualUnequal: 'Expected values not to be loosely deep-equal:',
};

const shortest = 12; // the most characters of two values on one line
const keptLines = 5; // equal lines that are shown after a difference
const mostSame = 50; // lines shown of values that look the same
const mostText = 512; // characters shown of each of two values
const mostUnequal = 1024;

const isTerminal = internalBinding('stdio').isatty(2);

// colors returns color codes for stderr, empty if it has no colors.
function colors() {
  const isOn = require('internal/colors').shouldColor({ isTTY: isTerminal });
  const code = (n) => (isOn ? `\u001b[${n}m` : '');
  return { red: code(31), green: code(32), blue: code(34), white: code(39), gray: code(90) };
}

function show(value) {
  return inspect(value, {
    compact: false, customInspect: false, depth: 1000, maxArrayLength: Infinity, showHidden: false, showProxy: false,
    sorted: true, getters: true,
  });
}

const isObject = (value) => value !== null && typeof value === 'object';

// twoLines shows two values under each other, and where they begin to differ.
function twoLines(actual, expected, areStrings) {
  const { red, green, white } = colors();
  let text = `\n${green}+${white} ${actual}\n${red}-${white} ${expected}`;
  const columns = isTerminal ? process.stderr.columns : 80;
  if (areStrings && actual.length + expected.length <= columns) {
    let i = 0;
    while (i < actual.length && actual[i] === expected[i]) i++;
    if (i > 2) text += `\n${' '.repeat(i + 2)}^`;
  }
  return text;
}

function simple(value, actual, other, expected) {
  const quotes = (typeof value === 'string' ? 2 : 0) + (typeof other === 'string' ? 2 : 0);
  if (actual.length + expected.length - quotes <= shortest && !(value === 0 && other === 0)) {
    return { header: '', text: `${actual} !== ${expected}` };
  }
  const areStrings = typeof value === 'string' && typeof other === 'string';
  return { header: '+ actual - expected', text: twoLines(actual, expected, areStrings) };
}

// unified shows the differences with some lines around each.
function unified(diff, isPartial, isFull) {
  const { red, green, white, blue, gray } = colors();
  let text = '';
  let skipped = false;
  let row = 0; // lines in common since the last that differs
  const common = (line) => `${white}  ${line}\n`;
  for (let i = diff.length - 1; i >= 0; i--) {
    const [operation, line] = diff[i];
    if (operation === nop) {
      if (row++ < keptLines || isFull) text += common(line);
      continue;
    }
    const hidden = isFull ? 0 : row - keptLines;
    if (hidden === 1 || hidden === 2) {
      for (let j = hidden; j > 0; j--) text += common(diff[i + j][1]);
    } else if (hidden > 2) {
      text += `${blue}...${white}\n${common(diff[i + 1][1])}`;
      skipped = true;
    }
    row = 0;
    if (operation === insert) text += isPartial ? `${gray}+ ${line}${white}\n` : `${green}+${white} ${line}\n`;
    else text += `${red}-${white} ${line}\n`;
  }
  return { text: `\n${text.trimEnd()}`, skipped };
}

// difference returns the message of an assertion that two values are equal. A message of the caller is its first line.
function difference(actual, expected, operator, given, diffType) {
  if (operator === 'strictEqual' && ((isObject(actual) && isObject(expected)) ||
    (typeof actual === 'function' && typeof expected === 'function'))) {
    operator = 'strictEqualObject';
  }
  const [shown, wanted] = [show(actual), show(expected)];
  const [lines, others] = [shown.split('\n'), wanted.split('\n')];
  let header = '+ actual - expected';
  let skipped = false;
  let text;
  if (lines.length === 1 && others.length === 1 && (!isObject(actual) || !isObject(expected))) {
    ({ header, text } = simple(actual, shown, expected, wanted));
  } else if (shown === wanted) {
    operator = 'notIdentical';
    header = '';
    if (lines.length > mostSame && diffType !== 'full') {
      text = `${lines.slice(0, mostSame).join('\n')}\n...}`;
      skipped = true;
    } else {
      text = shown;
    }
  } else {
    const ignoreComma = actual != null && typeof actual === 'object';
    ({ text, skipped } = unified(myersDiff(lines, others, ignoreComma), operator === 'partialDeepStrictEqual',
      diffType === 'full'));
  }
  return `${given ?? headers[operator]}\n${header}${skipped ? '\n... Skipped lines' : ''}\n${text}\n`;
}

// unequal returns the message of an assertion that two values are not equal.
function unequal(actual, operator, diffType) {
  let header = headers[operator];
  if (operator === 'notStrictEqual' && (isObject(actual) || typeof actual === 'function')) {
    header = headers.notStrictEqualObject;
  }
  const lines = show(actual).split('\n');
  if (lines.length > mostSame && diffType !== 'full') {
    const { blue, white } = colors();
    lines.length = 46;
    lines.push(`${blue}...${white}`);
  }
  if (lines.length === 1) return `${header}${lines[0].length > 5 ? '\n\n' : ' '}${lines[0]}`;
  return `${header}\n\n${lines.join('\n')}\n`;
}

const cut = (text, most, diffType) => (text.length > most &&
  diffType !== 'full' ? `${text.slice(0, most - 3)}...` : text);

// looselyDifferent returns the message of the other assertions.
function looselyDifferent(actual, expected, operator, diffType) {
  const shown = show(actual);
  const wanted = show(expected);
  const header = headers[operator];
  if (operator === 'notDeepEqual' && shown === wanted) return cut(`${header}\n\n${shown}`, mostUnequal, diffType);
  const [a, b] = [cut(shown, mostText, diffType), cut(wanted, mostText, diffType)];
  if (operator === 'deepEqual') return `${header}\n\n${a}\n\nshould loosely deep-equal\n\n${b}`;
  if (operator === 'notDeepEqual') {
    return `${headers.notDeepEqualUnequal}\n\n${a}\n\nshould not loosely deep-equal\n\n${b}`;
  }
  return `${a} ${operator} ${b}`;
}

module.exports = { difference, looselyDifferent, unequal };
