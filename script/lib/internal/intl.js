'use strict';

// The part of Intl that programs for the terminal cannot do without: where characters, words and
// sentences end, lists, and the name of the time zone.

const { unavailable } = require('internal/unavailable');

const binding = internalBinding('intl');

const locale = 'en-US';
const granularities = ['grapheme', 'word', 'sentence'];

function localesOf(locales) {
  if (locales === undefined) return [];
  const all = typeof locales === 'string' ? [locales] : Array.from(locales, String);
  for (const one of all) {
    if (!/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(one)) throw new RangeError('Incorrect locale information provided');
  }
  return all;
}

class Segments {
  #text; #granularity; #lengths;

  constructor(text, granularity) {
    this.#text = text;
    this.#granularity = granularity;
  }

  #segment(index, length) {
    const segment = this.#text.slice(index, index + length);
    const data = { segment, index, input: this.#text };
    if (this.#granularity === 'word') data.isWordLike = /[\p{L}\p{N}]/u.test(segment);
    return data;
  }

  #all() {
    return (this.#lengths ??= binding.segments(this.#text, granularities.indexOf(this.#granularity)));
  }

  containing(at = 0) {
    at = Math.trunc(at) || 0;
    if (at < 0 || at >= this.#text.length) return undefined;
    let index = 0;
    for (const length of this.#all()) {
      if (at < index + length) return this.#segment(index, length);
      index += length;
    }
    return undefined;
  }

  *[Symbol.iterator]() {
    let index = 0;
    for (const length of this.#all()) {
      yield this.#segment(index, length);
      index += length;
    }
  }
}

class Segmenter {
  #granularity;

  constructor(locales, options = {}) {
    localesOf(locales);
    const { granularity = 'grapheme' } = options;
    if (!granularities.includes(granularity)) {
      throw new RangeError(`Value ${granularity} out of range for Intl.Segmenter options property granularity`);
    }
    this.#granularity = granularity;
  }

  static supportedLocalesOf(locales) { return localesOf(locales); }

  segment(text) { return new Segments(`${text}`, this.#granularity); }
  resolvedOptions() { return { locale, granularity: this.#granularity }; }
}

function timeZone() {
  const { TZ } = process.env;
  if (TZ) return TZ.replace(/^:/, '');
  try {
    const target = require('fs').readlinkSync('/etc/localtime');
    const at = target.indexOf('zoneinfo/');
    if (at >= 0) return target.slice(at + 'zoneinfo/'.length).replace(/^(Etc\/)?(UTC|UCT|Universal|Zulu)$/, 'UTC');
  } catch {
    // Without that file the time is UTC.
  }
  return 'UTC';
}

// DateTimeFormat knows the time zone, and formats nothing.
function DateTimeFormat() {
  if (new.target === undefined) return new DateTimeFormat();
}
Object.assign(DateTimeFormat.prototype, unavailable('Intl.DateTimeFormat',
  ['format', 'formatRange', 'formatRangeToParts', 'formatToParts']), {
  resolvedOptions: () => ({ locale, calendar: 'gregory', numberingSystem: 'latn', timeZone: timeZone() }),
});
DateTimeFormat.supportedLocalesOf = localesOf;

// ListFormat joins texts as English does.
class ListFormat {
  #type; #style;

  constructor(locales, { type = 'conjunction', style = 'long' } = {}) {
    localesOf(locales);
    if (!['conjunction', 'disjunction', 'unit'].includes(type)) {
      throw new RangeError(`Value ${type} out of range for Intl.ListFormat options property type`);
    }
    if (!['long', 'short', 'narrow'].includes(style)) {
      throw new RangeError(`Value ${style} out of range for Intl.ListFormat options property style`);
    }
    this.#type = type;
    this.#style = style;
  }

  static supportedLocalesOf(locales) { return localesOf(locales); }

  format(list) { return this.formatToParts(list).map((part) => part.value).join(''); }

  formatToParts(list) {
    const parts = [];
    const all = [...list];
    const between = this.#type === 'unit' && this.#style === 'narrow' ? ' ' : ', ';
    const words = { conjunction: { long: 'and', short: '&' }[this.#style], disjunction: 'or' };
    const word = words[this.#type];
    for (const [i, value] of all.entries()) {
      if (typeof value !== 'string') throw new TypeError('Iterable yielded a non-String value');
      let literal = between;
      if (i === all.length - 1 && word !== undefined) literal = all.length === 2 ? ` ${word} ` : `, ${word} `;
      if (i > 0) parts.push({ type: 'literal', value: literal });
      parts.push({ type: 'element', value });
    }
    return parts;
  }

  resolvedOptions() { return { locale, type: this.#type, style: this.#style }; }
}

const Intl = {
  Segmenter, DateTimeFormat, ListFormat,
  getCanonicalLocales: localesOf,
  ...unavailable('Intl', ['Collator', 'DisplayNames', 'DurationFormat', 'Locale', 'NumberFormat', 'PluralRules',
    'RelativeTimeFormat']),
};
for (const name of Object.keys(Intl)) Object.defineProperty(Intl, name, { enumerable: false });
Object.defineProperty(Intl, Symbol.toStringTag, { value: 'Intl', configurable: true });

module.exports = { Intl };
