'use strict';

// The reporter junit: XML as build servers read it. A test is reported with its subtests once it has ended.

const { inspect } = require('internal/inspect');

const escapeText = (text) => `${text}`.replace(/&/g, '&amp;').replace(/</g, '&lt;');
const escapeValue = (text) => escapeText(text).replace(/"/g, '&quot;').replace(/\n/g, '&#10;');

class JUnit {
  #write;

  constructor(write) {
    this.#write = write;
    write('<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n');
  }

  end(test) {
    if (test.level === 0) this.#tell(test, '\t');
  }

  #tell(test, indentation) {
    const attributes = [`name="${escapeValue(test.name)}"`, `time="${(test.duration / 1000).toFixed(6)}"`];
    if (test.subtests.length > 0 || test.kind === 'suite') {
      const count = (is) => test.subtests.filter(is).length;
      attributes.push('disabled="0"', 'errors="0"', `tests="${test.subtests.length}"`,
        `failures="${count((one) => one.error !== undefined)}"`,
        `skipped="${count((one) => one.skipped)}"`, `hostname="${escapeValue(require('os').hostname())}"`);
      this.#write(`${indentation}<testsuite ${attributes.join(' ')}>\n`);
      for (const one of test.subtests) this.#tell(one, `${indentation}\t`);
      this.#write(`${indentation}</testsuite>\n`);
      return;
    }
    attributes.push(`classname="${test.kind}"`, `file="${escapeValue(process.argv[1] ?? '[eval]')}"`);
    const inner = this.#inner(test, `${indentation}\t`);
    if (test.error !== undefined) attributes.push(`failure="${escapeValue(messageOf(test.error))}"`);
    if (inner === '') this.#write(`${indentation}<testcase ${attributes.join(' ')}/>\n`);
    else this.#write(`${indentation}<testcase ${attributes.join(' ')}>\n${inner}${indentation}</testcase>\n`);
  }

  #inner({ skipped, todo, error }, indentation) {
    let text = '';
    if (skipped) text += `${indentation}<skipped type="skipped" message="${escapeValue(skipped)}"/>\n`;
    else if (todo !== undefined &&
      todo !== false) text += `${indentation}<skipped type="todo" message="${escapeValue(todo)}"/>\n`;
    if (error !== undefined) {
      text += `${indentation}<failure type="${error.failureType}" message="${escapeValue(messageOf(error).trim())}">\n` +
        `${escapeText(inspect(error))}\n${indentation}</failure>\n`;
    }
    return text;
  }

  finish(counts, duration) {
    for (const name of Object.keys(counts)) this.#write(`\t<!-- ${name} ${counts[name]} -->\n`);
    this.#write(`\t<!-- duration_ms ${duration} -->\n</testsuites>\n`);
  }
}

const messageOf = (error) => (error.cause instanceof Error ? error.cause.message : error.message);

module.exports = JUnit;
