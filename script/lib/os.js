'use strict';

const { validateInt32 } = require('internal/validators');
const { signals } = require('internal/constants');

const binding = internalBinding('os');

// checked makes a function of Go throw the error that it has put into its context object.
function checked(name, ...args) {
  const problem = {};
  const value = binding[name](problem, ...args);
  if (problem.code !== undefined) throw new (require('internal/system_error').SystemError)(problem);
  return value;
}

function hostname() { return binding.getHostname(); }
function homedir() { return checked('getHomeDirectory', process.env.HOME); }

let information;
function uname(i) {
  information ??= binding.getOSInformation();
  return information[i];
}
function type() { return uname(0); }
function version() { return uname(1); }
function release() { return uname(2); }
function machine() { return uname(3); }
function arch() { return process.arch; }
function platform() { return process.platform; }
function uptime() { return binding.getUptime(); }
function totalmem() { return binding.getTotalMem(); }
function freemem() { return binding.getFreeMem(); }
function availableParallelism() { return binding.getAvailableParallelism(); }
function loadavg() { return binding.getLoadAvg(); }

function endianness() {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 'LE' : 'BE';
}

function tmpdir() {
  const { TMPDIR, TMP, TEMP } = process.env;
  const dir = TMPDIR || TMP || TEMP || '/tmp';
  return dir.length > 1 && dir.endsWith('/') ? dir.slice(0, -1) : dir;
}

function cpus() {
  const list = binding.getCPUs();
  const all = [];
  for (let i = 0; i < list.length; i += 7) {
    const [model, speed, user, nice, sys, idle, irq] = list.slice(i, i + 7);
    all.push({ model, speed, times: { user, nice, sys, idle, irq } });
  }
  return all;
}

// prefixLength counts the bits of a netmask, null if they are not the first ones.
function prefixLength(netmask, family) {
  const isV4 = family === 'IPv4';
  const bits = isV4 ? netmask.split('.').map((part) => (+part).toString(2).padStart(8, '0')).join('') :
    bitsOfV6(netmask);
  const ones = bits.indexOf('0');
  if (ones < 0) return bits.length;
  return bits.indexOf('1', ones) < 0 ? ones : null;
}

function bitsOfV6(netmask) {
  const [head, tail = ''] = netmask.split('::');
  const [left, right] = [head, tail].map((text) => (text === '' ? [] : text.split(':')));
  const zeros = netmask.includes('::') ? new Array(8 - left.length - right.length).fill('0') : [];
  return [...left, ...zeros, ...right].map((part) => parseInt(part, 16).toString(2).padStart(16, '0')).join('');
}

function networkInterfaces() {
  const list = checked('getInterfaceAddresses');
  const interfaces = {};
  for (let i = 0; i < list.length; i += 7) {
    const [name, address, netmask, family, mac, internal, scopeid] = list.slice(i, i + 7);
    const bits = prefixLength(netmask, family);
    const entry = { address, netmask, family, mac, internal, cidr: bits === null ? null : `${address}/${bits}` };
    if (scopeid !== -1) entry.scopeid = scopeid;
    (interfaces[name] ??= []).push(entry);
  }
  return interfaces;
}

function userInfo(options) {
  if (typeof options !== 'object' || options === null) options = { encoding: 'utf8' };
  const { encoding } = options;
  const [uid, gid, ...texts] = checked('getUserInfo');
  const encode = encoding === 'buffer' ? (text) => require('buffer').Buffer.from(text) : (text) => text;
  const [username, home, shell] = texts.map(encode);
  return { uid, gid, username, homedir: home, shell };
}

const PRIORITY_HIGHEST = -20;
const PRIORITY_LOW = 19;

function setPriority(pid, priority) {
  if (priority === undefined) {
    priority = pid;
    pid = 0;
  }
  validateInt32(pid, 'pid');
  validateInt32(priority, 'priority', PRIORITY_HIGHEST, PRIORITY_LOW);
  checked('setPriority', pid, priority);
}

function getPriority(pid) {
  if (pid === undefined) pid = 0;
  else validateInt32(pid, 'pid');
  return checked('getPriority', pid);
}

// A function without arguments converts to its result, as text or number.
for (const fn of [arch, availableParallelism, endianness, freemem, homedir, hostname, machine, platform, release,
  tmpdir, totalmem, type,
  uptime, version]) {
  fn[Symbol.toPrimitive] = () => fn();
}

const bare = (values) => Object.assign(Object.create(null), values);

const constants = bare({
  UV_UDP_REUSEADDR: 4,
  dlopen: bare({ RTLD_LAZY: 1, RTLD_NOW: 2, RTLD_GLOBAL: 256, RTLD_LOCAL: 0, RTLD_DEEPBIND: 8 }),
  errno: bare(binding.errno),
  signals: Object.freeze(bare(signals)),
  priority: bare({
    PRIORITY_LOW, PRIORITY_BELOW_NORMAL: 10, PRIORITY_NORMAL: 0, PRIORITY_ABOVE_NORMAL: -7, PRIORITY_HIGH: -14,
    PRIORITY_HIGHEST,
  }),
});

module.exports = {
  arch, availableParallelism, cpus, endianness, freemem, getPriority, homedir, hostname, loadavg, networkInterfaces,
  platform, release, setPriority, tmpdir, totalmem, type, userInfo, uptime, version, machine,
};

Object.defineProperties(module.exports, {
  constants: { configurable: false, enumerable: true, value: constants },
  EOL: { configurable: true, enumerable: true, writable: false, value: '\n' },
  devNull: { configurable: true, enumerable: true, writable: false, value: '/dev/null' },
});
