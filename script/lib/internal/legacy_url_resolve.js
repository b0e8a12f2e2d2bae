'use strict';

// How url.resolve finds a URL that is relative to another one, as a browser once did.

const { Url, slashed, withoutHost } = require('internal/legacy_url');

function finish(result) {
  result.href = result.format();
  return result;
}

function setPath(result) {
  if (result.pathname !== null || result.search !== null) {
    result.path = (result.pathname || '') + (result.search || '');
  }
}

function takeQuery(result, relative) {
  result.search = relative.search;
  result.query = relative.query;
}

const parts = (pathname) => (pathname ? pathname.split('/') : []);

function resolve(source, relative) {
  const result = Object.assign(new Url(), source);
  result.hash = relative.hash;
  if (relative.href === '') return finish(result);
  if (relative.slashes && !relative.protocol) {
    for (const key of Object.keys(relative)) {
      if (key !== 'protocol') result[key] = relative[key];
    }
    if (slashed.has(result.protocol) && result.hostname && !result.pathname) result.path = result.pathname = '/';
    return finish(result);
  }
  if (relative.protocol && relative.protocol !== result.protocol) return withOtherProtocol(result, relative);
  return withSameProtocol(result, relative);
}

function withOtherProtocol(result, relative) {
  if (!slashed.has(relative.protocol)) return finish(Object.assign(result, relative));
  result.protocol = relative.protocol;
  result.pathname = relative.pathname;
  if (!relative.host && !/^file:?$/.test(relative.protocol) && !withoutHost.has(relative.protocol)) {
    let path = (relative.pathname || '').split('/');
    const name = path.findIndex((part) => part !== '');
    relative.host = name === -1 ? '' : path[name];
    relative.hostname ||= '';
    path = name === -1 ? [] : path.slice(name + 1);
    if (path[0] !== '') path.unshift('');
    if (path.length < 2) path.unshift('');
    result.pathname = path.join('/');
  }
  takeQuery(result, relative);
  result.host = relative.host || '';
  result.auth = relative.auth;
  result.hostname = relative.hostname || relative.host;
  result.port = relative.port;
  if (result.pathname || result.search) result.path = (result.pathname || '') + (result.search || '');
  result.slashes ||= relative.slashes;
  return finish(result);
}

function withSameProtocol(result, relative) {
  const isSourceAbsolute = result.pathname?.[0] === '/';
  const isRelativeAbsolute = relative.host || relative.pathname?.[0] === '/';
  let mustBeAbsolute = isRelativeAbsolute || isSourceAbsolute || (result.host && relative.pathname);
  const undoAll = mustBeAbsolute;
  let path = parts(result.pathname);
  const relativePath = parts(relative.pathname);
  // Where no slashes stand before the host, the host is the first name of the path.
  const hostInPath = result.protocol && !slashed.has(result.protocol);
  if (hostInPath) {
    putHostIntoPath(result, path);
    if (relative.protocol) {
      result.auth = null;
      putHostIntoPath(relative, relativePath, null);
    }
    mustBeAbsolute &&= relativePath[0] === '' || path[0] === '';
  }
  if (isRelativeAbsolute) {
    takeHost(result, relative);
    takeQuery(result, relative);
    path = relativePath;
  } else if (relativePath.length > 0) {
    path.pop();
    path = path.concat(relativePath);
    takeQuery(result, relative);
  } else if (relative.search !== null && relative.search !== undefined) {
    if (hostInPath) takeHostFromPath(result, path.shift());
    takeQuery(result, relative);
    setPath(result);
    return finish(result);
  }
  if (path.length === 0) {
    result.pathname = null;
    result.path = result.search ? `/${result.search}` : null;
    return finish(result);
  }
  path = withoutDots(path, { hasHost: result.host || relative.host, mustBeAbsolute, undoAll });
  const isAbsolute = path[0] === '' || path[0]?.[0] === '/';
  if (hostInPath) takeHostFromPath(result, isAbsolute || path.length === 0 ? '' : path.shift());
  mustBeAbsolute ||= result.host && path.length > 0;
  if (mustBeAbsolute && !isAbsolute) path.unshift('');
  if (path.length === 0) {
    result.pathname = null;
    result.path = null;
  } else {
    result.pathname = path.join('/');
  }
  setPath(result);
  result.auth = relative.auth || result.auth;
  result.slashes ||= relative.slashes;
  return finish(result);
}

function putHostIntoPath(url, path, none = '') {
  url.hostname = none;
  url.port = null;
  if (url.host) {
    if (path[0] === '') path[0] = url.host;
    else path.unshift(url.host);
  }
  url.host = none;
}

function takeHostFromPath(result, host) {
  result.hostname = result.host = host;
  const at = host?.indexOf('@') ?? -1;
  if (at > 0) {
    const [auth, name] = host.split('@');
    result.auth = auth;
    result.host = result.hostname = name;
  }
}

function takeHost(result, relative) {
  if (relative.host || relative.host === '') {
    if (result.host !== relative.host) result.auth = null;
    result.host = relative.host;
    result.port = relative.port;
  }
  if (relative.hostname || relative.hostname === '') {
    if (result.hostname !== relative.hostname) result.auth = null;
    result.hostname = relative.hostname;
  }
}

const maxUp = 1 << 12; // '..' in a row: the engine passes no more than some thousands of arguments

// withoutDots resolves '.' and '..'. A path that ends in one of them is a directory.
function withoutDots(path, { hasHost, mustBeAbsolute, undoAll }) {
  const last = path.at(-1);
  const isFolder = ((hasHost || path.length > 1) && (last === '.' || last === '..')) || last === '';
  let up = 0;
  const kept = [];
  for (let i = path.length - 1; i >= 0; i--) {
    if (path[i] === '.') continue;
    if (path[i] === '..') up++;
    else if (up > 0) up--;
    else kept.push(path[i]);
  }
  kept.reverse();
  if (!mustBeAbsolute && !undoAll) {
    kept.unshift(...new Array(Math.min(up, maxUp)).fill('..'));
  }
  if (mustBeAbsolute && kept[0] !== '' && kept[0]?.[0] !== '/') kept.unshift('');
  if (isFolder && !kept.join('/').endsWith('/')) kept.push('');
  return kept;
}

module.exports = { resolve };
