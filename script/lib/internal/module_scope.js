'use strict';

// Errors about variables of CommonJS that ES modules do not have: Node's message says so.

const modules = internalBinding('modules');

const missing = /^'(__dirname|__filename|exports|module|require)' is not defined$/;
const firstFrame = /^ {4}at (?:[^\n(]*\()?((?:file|data):[^\n]*?)(?::\d+){1,2}\)?$/m;

// explain completes the message of a ReferenceError that an ES module has thrown.
function explain(error) {
  const [, name] = missing.exec(error.message) ?? [];
  if (name === undefined) return;
  const [, url] = firstFrame.exec(error.stack) ?? [];
  if (url === undefined) return;
  error.message = `${name} is not defined in ES module scope`;
  if (name === 'require') error.message += ', you can use import instead';
  if (!/^file:[^?#]*\.js(?:[?#]|$)/.test(url)) return;
  const { findPackageJSON } = require('internal/cjs').Module;
  const file = require('internal/file_url').fileURLToPath(url.replace(/[?#].*/, ''));
  if (modules.format(file)[0] !== 'module' || !modules.format(file)[1]) return;
  const config = findPackageJSON(file);
  if (config === undefined || !/"type"\s*:\s*"module"/.test(require('fs').readFileSync(config, 'utf8'))) return;
  error.message += `\nThis file is being treated as an ES module because it has a '.js' file extension and '${config}' contains ` +
    '"type": "module". To treat it as a CommonJS script, rename it to use the \'.cjs\' file extension.';
}

module.exports = { explain };
