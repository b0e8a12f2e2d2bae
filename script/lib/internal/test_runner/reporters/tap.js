'use strict';

// The reporter tap: the Test Anything Protocol, version 13. A test is reported with its subtests once it has ended.

const { inspect } = require('internal/inspect');

const escapes = { '\\': '\\\\', '#': '\\#', '\n': '\\n', '\t': '\\t', '\r': '\\r', '\f': '\\f', '\b': '\\b',
  '\v': '\\v' };
const escape = (text) => `${text}`.replace(/[\\#\n\t\r\f\b\v]/g, (one) => escapes[one]);

class Tap {
  #write;
  #number = 0;

  constructor(write) {
    this.#write = write;
    write('TAP version 13\n');
  }

  end(test) {
    if (test.level > 0) return;
    this.#tell(test, ++this.#number);
  }

  #tell(test, number) {
    const indentation = '    '.repeat(test.level);
    this.#write(`${indentation}# Subtest: ${escape(test.name)}\n`);
    test.subtests.forEach((one, i) => this.#tell(one, i + 1));
    if (test.subtests.length > 0) this.#write(`${indentation}    1..${test.subtests.length}\n`);
    this.#write(`${indentation}${test.error === undefined ? 'ok' : 'not ok'} ${number} - ${escape(test.name)}${directive(test)}\n`);
    this.#write([
      '  ---', `  duration_ms: ${test.duration}`, `  type: '${test.kind}'`, ...details(test.error), '  ...',
    ].map((line) => `${indentation}${line}\n`).join(''));
    for (const text of test.diagnostics) this.#write(`${indentation}# ${escape(text)}\n`);
  }

  finish(counts, duration) {
    this.#write(`1..${this.#number}\n`);
    for (const name of Object.keys(counts)) this.#write(`# ${name} ${counts[name]}\n`);
    this.#write(`# duration_ms ${duration}\n`);
  }
}

function directive({ skipped, todo, expectFailure }) {
  const reason = (value) => (typeof value === 'string' && value !== '' ? ` ${escape(value)}` : '');
  if (skipped) return ` # SKIP${reason(skipped)}`;
  if (todo !== undefined && todo !== false) return ` # TODO${reason(todo)}`;
  if (expectFailure !== undefined) return ` # EXPECTED FAILURE${reason(expectFailure)}`;
  return '';
}

// details returns the YAML lines about a test's failure.
function details(error) {
  if (error === undefined) return [];
  const cause = error.cause instanceof Error ? error.cause : error;
  const lines = [`  failureType: '${error.failureType}'`, ...field('error', cause.message)];
  if (cause.code ?? error.code) lines.push(`  code: '${cause.code ?? error.code}'`);
  if (cause.name && cause !== error && cause.name !== 'Error') lines.push(`  name: '${cause.name}'`);
  if (cause.code === 'ERR_ASSERTION') {
    lines.push(...field('expected', cause.expected), ...field('actual', cause.actual),
      ...field('operator', cause.operator));
  }
  const frames = `${cause.stack}`.split('\n').filter((line) => /^ +at /.test(line)).map((line) =>
    line.replace(/^ +at /, ''));
  if (frames.length > 0 && cause !== error) lines.push('  stack: |-', ...frames.map((line) => `    ${line}`));
  return lines;
}

function field(name, value) {
  const text = typeof value === 'string' ? value : inspect(value);
  if (text.includes('\n')) return [`  ${name}: |-`, ...text.split('\n').map((line) => `    ${line}`)];
  return [`  ${name}: ${typeof value === 'string' ? inspect(value) : text}`];
}

module.exports = Tap;
