'use strict';

// console.table.

const { inspect } = require('internal/inspect');
const { width } = require('internal/inspect_layout');
const types = require('internal/types');

const { entries } = internalBinding('inside');

const most = 2 ** 31 - 1;

function draw(head, columns) {
  const rows = Math.max(0, ...columns.map((column) => column.length));
  const widths = head.map((title, i) => {
    let widest = width(title);
    for (const cell of columns[i]) widest = Math.max(widest, width(cell ?? ''));
    return widest + 2;
  });
  const line = (left, middle, right) => left + widths.map((n) => '─'.repeat(n)).join(middle) + right;
  const row = (cells) => `│${cells.map((cell, i) => ` ${cell}${' '.repeat(widths[i] - width(cell) - 1)}`).join('│')}│`;
  const lines = [line('┌', '┬', '┐'), row(head), line('├', '┼', '┤')];
  for (let i = 0; i < rows; i++) lines.push(row(columns.map((column) => column[i] ?? '')));
  lines.push(line('└', '┴', '┘'));
  return lines.join('\n');
}

const indexTitle = '(index)';
const iterationTitle = '(iteration index)';

function table(data, properties, options) {
  const show = (value) => {
    const isDeep = value !== null && typeof value === 'object' && !Array.isArray(value) &&
      Object.keys(value).length > 2;
    return inspect(value, { maxArrayLength: 3, breakLength: Infinity, ...options, depth: isDeep ? -1 : 0 });
  };
  const numbers = (n) => Array.from({ length: n }, (_, i) => String(i));
  if (types.isMapIterator(data)) {
    const [list, pairs] = entries(data, most);
    if (pairs) return maps(list.filter((_, i) => i % 2 === 0), list.filter((_, i) => i % 2 === 1), show, numbers);
    return draw([iterationTitle, 'Values'], [numbers(list.length), list.map(show)]);
  }
  if (types.isMap(data)) return maps([...data.keys()], [...data.values()], show, numbers);
  if (types.isSetIterator(data) || types.isSet(data)) {
    const list = types.isSet(data) ? [...data] : onlyKeys(entries(data, most));
    return draw([iterationTitle, 'Values'], [numbers(list.length), list.map(show)]);
  }
  return objects(data, properties, show);
}

const onlyKeys = ([list, pairs]) => (pairs ? list.filter((_, i) => i % 2 === 0) : list);

const maps = (keys, values, show, numbers) => draw([iterationTitle, 'Key', 'Values'],
  [numbers(keys.length), keys.map(show), values.map(show)]);

function objects(data, properties, show) {
  const rows = Object.keys(data);
  const columns = new Map();
  const values = [];
  let hasValues = false;
  rows.forEach((key, i) => {
    const item = data[key];
    const isPrimitive = item === null || (typeof item !== 'object' && typeof item !== 'function');
    if (isPrimitive && properties === undefined) {
      hasValues = true;
      values[i] = show(item);
      return;
    }
    for (const name of properties ?? Object.keys(item)) {
      if (!columns.has(name)) columns.set(name, []);
      if (!isPrimitive && Object.hasOwn(item, name)) columns.get(name)[i] = show(item[name]);
    }
  });
  const head = [indexTitle, ...columns.keys()];
  const cells = [rows, ...columns.values()];
  if (hasValues) {
    head.push('Values');
    cells.push(values);
  }
  for (const column of cells) column.length = Math.max(column.length, rows.length);
  return draw(head.map(String), cells.map((column) => Array.from(column, (cell) => cell ?? '')));
}

module.exports = { table };
