'use strict';

// HTTPS is not available: agents can be made, and requests throw.

const http = require('http');
const { unavailable } = require('internal/unavailable');

const refuse = unavailable('https', ['Server', 'createServer', 'get', 'request', 'createConnection']);

function Agent(options) {
  if (!(this instanceof Agent)) return new Agent(options);
  http.Agent.call(this, options);
  this.defaultPort = 443;
  this.protocol = 'https:';
}
Object.setPrototypeOf(Agent.prototype, http.Agent.prototype);
Object.setPrototypeOf(Agent, http.Agent);
Agent.prototype.createConnection = refuse.createConnection;

const { Server, createServer, get, request } = refuse;

module.exports = {
  Agent, globalAgent: new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 }), Server, createServer, get,
  request,
};
