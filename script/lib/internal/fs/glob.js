'use strict';

// fs.glob: patterns are walked part by part, and only directories that may have a match are read.

const path = require('path');
const { toCallback } = require('internal/fs/check');
const { validateString, validateStringArray } = require('internal/validators');

// expand returns the patterns that one with braces stands for.
function expand(pattern) {
  for (let open = pattern.indexOf('{'); open !== -1; open = pattern.indexOf('{', open + 1)) {
    const parts = [];
    let depth = 0;
    let from = open + 1;
    for (let i = open; i < pattern.length; i++) {
      if (pattern[i] === '{') depth++;
      else if (pattern[i] === '}') depth--;
      if (depth === 0 || (depth === 1 && pattern[i] === ',')) {
        parts.push(pattern.slice(from, i));
        from = i + 1;
      }
      if (depth > 0) continue;
      if (parts.length < 2) break; // {a} is a name.
      const [before, after] = [pattern.slice(0, open), pattern.slice(i + 1)];
      return parts.flatMap((part) => expand(before + part + after));
    }
  }
  return [pattern];
}

const magic = /[*?[\]{}!+@()]/;

class Walk {
  #folders = new Map(); // entries of directories that were read, by name
  #found = new Set();
  #isExcluded;
  #withFileTypes;

  constructor({ exclude, withFileTypes = false }) {
    this.#withFileTypes = withFileTypes;
    if (typeof exclude === 'function') this.#isExcluded = exclude;
    else if (exclude != null) this.#isExcluded = (one) =>
      exclude.some((pattern) => path.matchesGlob(withFileTypes ? one.name : one, pattern));
  }

  // entries returns the entries of a directory, none if it cannot be read.
  #entries(folder) {
    let entries = this.#folders.get(folder);
    if (entries === undefined) {
      try {
        entries = new Map(require('fs').readdirSync(folder, { withFileTypes: true }).map((one) => [one.name, one]));
      } catch {
        entries = new Map();
      }
      this.#folders.set(folder, entries);
    }
    return entries;
  }

  #isFolder(at, entry) {
    if (entry === undefined || entry.isDirectory()) return true;
    return entry.isSymbolicLink() && require('fs').statSync(at, { throwIfNoEntry: false })?.isDirectory() === true;
  }

  * run(root, pattern) {
    const isAbsolute = pattern.startsWith('/');
    const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.length === 0) return;
    yield* this.#visit({ at: isAbsolute ? '/' : root, name: isAbsolute ? '/' : '.', entry: undefined }, parts,
      pattern.endsWith('/'));
  }

  // visit yields the matches of the parts of a pattern below a place: at is its path, name its name in the results.
  * #visit(place, parts, wantsFolder) {
    if (parts.length === 0) {
      if (!this.#found.has(place.name) && (!wantsFolder || place.entry === undefined || place.entry.isDirectory())) {
        this.#found.add(place.name);
        yield this.#withFileTypes ? place.entry ?? this.#entryOf(place) : place.name;
      }
      return;
    }
    const [part, ...rest] = parts;
    if (part === '**') yield* this.#visit(place, rest, wantsFolder);
    if (!this.#isFolder(place.at, place.entry)) return;
    if (!magic.test(part)) {
      const next = this.#inside(place, part);
      if (next !== undefined) yield* this.#visit(next, rest, wantsFolder);
      return;
    }
    for (const name of this.#entries(place.at).keys()) {
      if (part === '**' ? name[0] === '.' : !path.matchesGlob(name, part)) continue;
      const next = this.#inside(place, name);
      if (next === undefined) continue;
      if (part !== '**') yield* this.#visit(next, rest, wantsFolder);
      else if (next.entry.isDirectory()) yield* this.#visit(next, parts, wantsFolder); // A link may lead back.
      else if (rest.length === 0) yield* this.#visit(next, rest, wantsFolder);
    }
  }

  // inside returns a place in a directory, undefined if it does not exist or is excluded.
  #inside(place, name) {
    const entry = name === '..' ? undefined : this.#entries(place.at).get(name);
    if (name !== '..' && entry === undefined) return undefined;
    const next = { at: `${place.at === '/' ? '' : place.at}/${name}`, name: path.join(place.name, name), entry };
    return this.#isExcluded?.(this.#withFileTypes ? entry ?? this.#entryOf(next) : next.name) ? undefined : next;
  }

  // entryOf returns the entry of a folder that was not found in another.
  #entryOf({ at }) {
    const full = path.resolve(at);
    return this.#entries(path.dirname(full)).get(path.basename(full));
  }
}

function* globWalk(patterns, options = {}) {
  const { cwd = process.cwd() } = options;
  const root = path.resolve(typeof cwd === 'string' ? cwd : require('internal/file_url').fileURLToPath(cwd));
  const walk = new Walk(options);
  for (const pattern of patterns.flatMap(expand)) yield* walk.run(root, pattern);
}

function checkPatterns(pattern) {
  if (Array.isArray(pattern)) {
    validateStringArray(pattern, 'patterns');
    return pattern;
  }
  validateString(pattern, 'patterns');
  return [pattern];
}

function globSync(pattern, options) { return [...globWalk(checkPatterns(pattern), options)]; }

function glob(pattern, options, callback) {
  callback = toCallback(typeof options === 'function' ? options : callback);
  const patterns = checkPatterns(pattern);
  setImmediate(() => {
    let found;
    try {
      found = [...globWalk(patterns, typeof options === 'function' ? undefined : options)];
    } catch (error) {
      callback(error);
      return;
    }
    callback(null, found);
  });
}

async function* globIterator(pattern, options) { yield* globWalk(checkPatterns(pattern), options); }

module.exports = { glob, globIterator, globSync };
