'use strict';

// The colors of a regular expression: they go round a palette, one further for each level of groups.

// The colors of parts at the outermost level.
const delimiter = 0;
const punctuation = 1; // of groups, classes, counts and properties
const literal = 2;
const special = 3; // any character, ranges, numbers
const operator = 4; // alternatives, anchors, quantifiers
const reference = 0;

const groupStart = /^\((?:\?(?:<(?![=!])|<?[=!]|[a-z]*(?:-[a-z]+)?:)?)?/;
const count = /^\{(\d+)(,)?(\d*)\}/;
const escape = /^\\(?:x[0-9a-fA-F]{2}|c[A-Za-z]|\d+|[pPu]\{|[^])/;
const property = /^(\\[pPu]\{)([^}]*)(\})/;
const named = /^(\\k<)([^>]*)(>)/;

class Painter {
  constructor(source, palette, paint) {
    this.source = source;
    this.palette = palette;
    this.paint = paint;
    this.at = 0;
    this.out = '';
  }

  put(text, kind, level) {
    this.out += this.paint(text, this.palette[Math.max(0, kind + level) % this.palette.length]);
    this.at += text.length;
  }

  match(pattern) {
    return pattern.exec(this.source.slice(this.at));
  }

  // escaped paints an escape. kind is the kind of a plain character.
  escaped(kind, level) {
    const isProperty = this.match(property);
    if (isProperty !== null) {
      this.put(isProperty[1], kind === literal ? punctuation : punctuation + 1, level);
      this.put(isProperty[2], kind === literal ? literal : literal + 1, level);
      this.put(isProperty[3], kind === literal ? punctuation : punctuation + 1, level);
      return;
    }
    const isNamed = kind === literal ? this.match(named) : null;
    if (isNamed !== null) {
      this.put(isNamed[1], reference, level);
      this.put(isNamed[2], reference + 1, level);
      this.put(isNamed[3], reference, level);
      return;
    }
    this.put(this.match(escape)?.[0] ?? '\\', literal, level);
  }

  characterClass(level) {
    this.put('[', punctuation, level);
    if (this.source[this.at] === '^') this.put('^', literal, level);
    while (this.at < this.source.length && this.source[this.at] !== ']') {
      const character = this.source[this.at];
      const previous = this.source[this.at - 1];
      if (character === '\\') this.escaped(special, level);
      else if (character === '-' && previous !== '[' && this.source[this.at + 1] !== ']' && this.isRange) this.put('-',
        special, level);
      else this.put(character, literal, level);
      this.isRange = character !== '-' || previous === '-';
    }
    if (this.at < this.source.length) this.put(']', punctuation, level);
  }

  group(level) {
    const start = this.match(groupStart)[0];
    this.put('(', punctuation, level);
    if (start.length > 1) this.put(start.slice(1), punctuation, level);
    if (!start.endsWith('?<')) return;
    const end = this.source.indexOf('>', this.at);
    if (end === -1) return;
    this.put(this.source.slice(this.at, end), literal, level);
    this.put('>', punctuation, level);
  }

  all() {
    const end = this.source.lastIndexOf('/');
    const flags = this.source.slice(end + 1);
    this.put('/', delimiter, 0);
    let level = 0;
    while (this.at < end) {
      const character = this.source[this.at];
      const isCount = character === '{' ? this.match(count) : null;
      if (character === '\\') this.escaped(literal, level);
      else if (character === '[') this.characterClass(level);
      else if (character === '(') this.group(level++);
      else if (character === ')') this.put(')', punctuation, --level);
      else if (isCount !== null) this.counted(isCount, level);
      else if (character === '.') this.put('.', special, level);
      else if ('|^$*+?,'.includes(character)) this.put(character, operator, level);
      else this.put(character, literal, level);
    }
    this.put('/', delimiter, 0);
    if (flags !== '') this.put(flags, punctuation, 0);
    return this.out;
  }

  counted([, least, comma, most], level) {
    this.put('{', punctuation, level);
    this.put(least, special, level);
    if (comma !== undefined) this.put(',', literal, level);
    if (most !== '') this.put(most, special, level);
    this.put('}', punctuation, level);
  }
}

// colored returns the text of a regular expression with the colors of a palette, by paint(text, color).
const colored = (source, palette, paint) => new Painter(source, palette, paint).all();

module.exports = { colored };
