'use strict';

// How members of an object are put on lines.

const ansi = /[\u001b\u009b][[\]()#;?]*(?:(?:(?:(?:;[-a-zA-Z\d/#&.:=?%@~_]+)*|[a-zA-Z\d]+(?:;[-a-zA-Z\d/#&.:=?%@~_]*)*)?(?:\u0007|\u001b\u005c|\u009c))|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-nq-uy=><~]))/g;

const stripControls = (text) => (text.includes('\u001b') || text.includes('\u009b') ? text.replace(ansi, '') : text);

const isPlain = /^[\x20-\x7e]*$/;

// isWide reports whether a terminal shows a character in two columns.
function isWide(code) {
  return code >= 0x1100 && (
    code <= 0x115f || code === 0x2329 || code === 0x232a ||
    (code >= 0x2e80 && code <= 0x3247 && code !== 0x303f) || (code >= 0x3250 && code <= 0x4dbf) ||
      (code >= 0x4e00 && code <= 0xa4c6) ||
    (code >= 0xa960 && code <= 0xa97c) || (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe10 && code <= 0xfe19) || (code >= 0xfe30 && code <= 0xfe6b) || (code >= 0xff01 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1b000 && code <= 0x1b001) ||
      (code >= 0x1f200 && code <= 0x1f251) ||
    (code >= 0x1f300 && code <= 0x1f5ff) || (code >= 0x1f600 && code <= 0x1f64f) ||
      (code >= 0x1f680 && code <= 0x1f6ff) ||
    (code >= 0x1f900 && code <= 0x1f9ff) || (code >= 0x20000 && code <= 0x3fffd));
}

// isZero reports whether a terminal shows a character in no column.
function isZero(code) {
  return code <= 0x1f || (code >= 0x7f && code <= 0x9f) || (code >= 0x300 && code <= 0x36f) ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x20d0 && code <= 0x20ff) || (code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xfe20 && code <= 0xfe2f) ||
    (code >= 0xe0100 && code <= 0xe01ef);
}

// width returns how many columns of a terminal a text takes.
function width(text, strip = true) {
  if (strip) text = stripControls(text);
  if (isPlain.test(text)) return text.length;
  let columns = 0;
  for (const character of text.normalize('NFC')) {
    const code = character.codePointAt(0);
    if (isWide(code)) columns += 2;
    else if (!isZero(code)) columns++;
  }
  return columns;
}

const between = 2; // columns of a comma and a space
const mostColumns = 15;

// group puts the elements of a long array in columns of about as many rows as there are columns.
function group(state, output, value) {
  const hasRest = state.maxArrayLength < output.length; // The last says how many more there are.
  const count = hasRest ? output.length - 1 : output.length;
  const widths = new Array(count);
  let total = 0;
  let widest = 0;
  for (let i = 0; i < count; i++) {
    widths[i] = width(output[i], state.colors);
    total += widths[i] + between;
    if (widest < widths[i]) widest = widths[i];
  }
  const slot = widest + between;
  if (slot * 3 + state.indentationLvl >= state.breakLength || (total / slot <= 5 && widest > 6)) return output;
  const bias = Math.sqrt(slot - total / output.length);
  const usual = Math.max(slot - 3 - bias, 1);
  const columns = Math.min(
    Math.round(Math.sqrt(2.5 * usual * count) / usual), // A character is about 2.5 times as high as it is wide.
    Math.floor((state.breakLength - state.indentationLvl) / slot),
    state.compact * 4,
    mostColumns,
  );
  if (columns <= 1) return output;
  const slots = [];
  for (let column = 0; column < columns; column++) {
    let most = 0;
    for (let i = column; i < count; i += columns) if (widths[i] > most) most = widths[i];
    slots.push(most + between);
  }
  const isNumeric = value !== undefined && output.every((_, i) => typeof value[i] === 'number' ||
    typeof value[i] === 'bigint');
  const lines = [];
  for (let i = 0; i < count; i += columns) {
    const end = Math.min(i + columns, count);
    let line = '';
    let j = i;
    for (; j < end - 1; j++) {
      const cell = `${output[j]}, `;
      const size = slots[j - i] + output[j].length - widths[j];
      line += isNumeric ? cell.padStart(size) : cell.padEnd(size);
    }
    line += isNumeric ? output[j].padStart(slots[j - i] + output[j].length - widths[j] - between) : output[j];
    lines.push(line);
  }
  if (hasRest) lines.push(output[count]);
  return lines;
}

// fits reports whether members fit in one line.
function fits(state, output, start, base) {
  let total = output.length + start;
  if (total + output.length > state.breakLength) return false;
  for (const one of output) {
    total += state.colors ? stripControls(one).length : one.length;
    if (total > state.breakLength) return false;
  }
  return base === '' || !base.includes('\n');
}

// arrange returns an object's text: in one line if few members fit there, else a line a member.
function arrange(state, output, base, [open, close], isList, level, value) {
  const indentation = `\n${' '.repeat(state.indentationLvl)}`;
  if (state.compact === true) {
    if (fits(state, output, 0, base)) return `${open}${base === '' ? '' : ` ${base}`} ${output.join(', ')} ${close}`;
    const first = base === '' && open.length === 1 ? ' ' : `${base === '' ? '' : ` ${base}`}${indentation}  `;
    return `${open}${first}${output.join(`,${indentation}  `)} ${close}`;
  }
  const before = base === '' ? '' : `${base} `;
  if (typeof state.compact === 'number' && state.compact >= 1) {
    const entries = output.length;
    if (isList && entries > 6) output = group(state, output, value);
    if (state.currentDepth - level < state.compact && entries === output.length &&
        fits(state, output, output.length + state.indentationLvl + open.length + base.length + 10, base)) {
      const joined = output.join(', ');
      if (!joined.includes('\n')) return `${before}${open} ${joined} ${close}`;
    }
  }
  return `${before}${open}${indentation}  ${output.join(`,${indentation}  `)}${indentation}${close}`;
}

module.exports = { arrange, stripControls, width };
