'use strict';

// How numbers, strings and the like look.

const special = /[\x00-\x1f\x27\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const plain = /^[ -&(-[\]-~]*$/; // most strings
const specials = new RegExp(special, 'g');
const specialsButQuotes =
  /[\x00-\x1f\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const specialsOfKeys = /[\x00-\x1f\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const short = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\', "'": "\\'" };

function escapeOne(character) {
  const known = short[character];
  if (known !== undefined) return known;
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).toUpperCase().padStart(2, '0')}` : `\\u${code.toString(16)}`;
}

// escape returns a string in the quotes that need the least escapes, or without quotes.
function escape(text, quoted = true) {
  if (!quoted) return text.replace(specialsOfKeys, escapeOne);
  if (plain.test(text) || !special.test(text)) return `'${text}'`;
  let quote = "'";
  if (text.includes("'")) {
    if (!text.includes('"')) quote = '"';
    else if (!text.includes('`') && !text.includes('${')) quote = '`';
  }
  return quote + text.replace(quote === "'" ? specials : specialsButQuotes, escapeOne) + quote;
}

function groupThousands(digits) {
  const start = digits[0] === '-' ? 1 : 0;
  let out = '';
  let i = digits.length;
  for (; i >= start + 4; i -= 3) out = `_${digits.slice(i - 3, i)}${out}`;
  return digits.slice(0, i) + out;
}

function groupFraction(digits) {
  let out = '';
  let i = 0;
  for (; i < digits.length - 3; i += 3) out += `${digits.slice(i, i + 3)}_`;
  return out + digits.slice(i);
}

function number(stylize, value, separate) {
  if (!separate) return stylize(Object.is(value, -0) ? '-0' : String(value), 'number');
  const text = String(value);
  if ( text.includes('e') || !Number.isFinite(value)) return stylize(text, 'number');
  const [whole, fraction] = text.split('.');
  return stylize(groupThousands(whole) + (fraction === undefined ? '' : `.${groupFraction(fraction)}`), 'number');
}

function bigint(stylize, value, separate) {
  const text = String(value);
  return stylize(`${separate ? groupThousands(text) : text}n`, 'bigint');
}

function string(stylize, value, state) {
  let rest = '';
  if (value.length > state.maxStringLength) {
    const more = value.length - state.maxStringLength;
    value = value.slice(0, state.maxStringLength);
    rest = `... ${more} more character${more > 1 ? 's' : ''}`;
  }
  if (state.compact !== true && value.length > 16 && value.length > state.breakLength - state.indentationLvl - 4) {
    const lines = value.split(/(?<=\n)/).map((line) => stylize(escape(line), 'string'));
    return lines.join(` +\n${' '.repeat(state.indentationLvl + 2)}`) + rest;
  }
  return stylize(escape(value), 'string') + rest;
}

function primitive(stylize, value, state) {
  switch (typeof value) {
    case 'string': return string(stylize, value, state);
    case 'number': return number(stylize, value, state.numericSeparator);
    case 'bigint': return bigint(stylize, value, state.numericSeparator);
    case 'boolean': return stylize(`${value}`, 'boolean');
    case 'undefined': return stylize('undefined', 'undefined');
    case 'symbol': return stylize(escape(value.toString(), false), 'symbol');
    default: return stylize('null', 'null');
  }
}

module.exports = {
  bigint, escape, number, primitive,
};
