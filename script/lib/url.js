'use strict';

const {
  URL, URLSearchParams, domainToASCII, domainToUnicode, fileURLToPath, fileURLToPathBuffer, pathToFileURL,
  urlToHttpOptions,
} = require('internal/url');

const legacy = () => require('internal/legacy_url');

let warned = false;

function parse(url, parseQueryString, slashesDenoteHost) {
  if (!warned && !require('internal/node_modules').isInsideNodeModules()) {
    warned = true;
    process.emitWarning('`url.parse()` behavior is not standardized and prone to errors that have security implications. ' +
      'Use the WHATWG URL API instead. CVEs are not issued for `url.parse()` vulnerabilities.', 'DeprecationWarning',
        'DEP0169');
  }
  return legacy().urlParse(url, parseQueryString, slashesDenoteHost);
}

function resolve(source, relative) {
  return legacy().urlParse(source, false, true).resolve(relative);
}

function resolveObject(source, relative) {
  return source ? legacy().urlParse(source, false, true).resolveObject(relative) : relative;
}

function format(urlObject, options) {
  return legacy().urlFormat(urlObject, options);
}

module.exports = {
  parse, resolve, resolveObject, format, URL, URLSearchParams, domainToASCII, domainToUnicode, pathToFileURL,
  fileURLToPath,
  fileURLToPathBuffer, urlToHttpOptions,
};

Object.defineProperty(module.exports, 'Url', { configurable: true, enumerable: true, get: () => legacy().Url });
