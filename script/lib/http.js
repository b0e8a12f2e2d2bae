'use strict';

const { maxHeaderSize, methods, parsers, validateHeaderName, validateHeaderValue } = require('internal/http/common');
const { IncomingMessage } = require('internal/http/incoming');
const { OutgoingMessage } = require('internal/http/outgoing');
const { Server, ServerResponse, _connectionListener } = require('internal/http/server');
const STATUS_CODES = require('internal/http/status_codes');
const { validateInteger } = require('internal/validators');

let globalAgent;

function agents() {
  return require('internal/http/agent');
}

function request(url, options, callback) {
  const { ClientRequest } = require('internal/http/client');
  return new ClientRequest(url, options, callback);
}

function get(url, options, callback) {
  const req = request(url, options, callback);
  req.end();
  return req;
}

module.exports = {
  _connectionListener, METHODS: [...methods].sort(), STATUS_CODES, IncomingMessage, OutgoingMessage, Server,
  ServerResponse, get, request,
  createServer: (options, listener) => new Server(options, listener), maxHeaderSize,
  validateHeaderName, validateHeaderValue,
  setMaxIdleHTTPParsers(max) {
    validateInteger(max, 'max', 1);
    parsers.max = max;
  },
  get Agent() { return agents().Agent; },
  get ClientRequest() { return require('internal/http/client').ClientRequest; },
  get globalAgent() { return (globalAgent ??= agents().globalAgent); },
  set globalAgent(agent) { globalAgent = agent; },
};
