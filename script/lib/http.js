'use strict';

const { MAX_HEADER_SIZE, METHODS, STATUS_CODES, validateHeaderName, validateHeaderValue } = require('internal/http/common');
const { IncomingMessage } = require('internal/http/incoming');
const { OutgoingMessage } = require('internal/http/outgoing');
const { Server, ServerResponse, _connectionListener } = require('internal/http/server');

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
  _connectionListener, METHODS: [...METHODS].sort(), STATUS_CODES, IncomingMessage, OutgoingMessage, Server, ServerResponse, get, request,
  createServer: (options, listener) => new Server(options, listener), maxHeaderSize: MAX_HEADER_SIZE, validateHeaderName, validateHeaderValue,
  get Agent() { return agents().Agent; },
  get ClientRequest() { return require('internal/http/client').ClientRequest; },
  get globalAgent() { return (globalAgent ??= agents().globalAgent); },
  set globalAgent(agent) { globalAgent = agent; },
};
