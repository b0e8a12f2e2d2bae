'use strict';

// The number of colours of a terminal, according to the environment.

const { validateInteger, validateObject } = require('internal/validators');

// Depths in bits.
const [NONE, SIXTEEN, MANY, ALL] = [1, 4, 8, 24];

const termDepths = {
  eterm: SIXTEEN, cons25: SIXTEEN, console: SIXTEEN, cygwin: SIXTEEN, dtterm: SIXTEEN, gnome: SIXTEEN, hurd: SIXTEEN,
  jfbterm: SIXTEEN, konsole: SIXTEEN, kterm: SIXTEEN, mlterm: SIXTEEN, mosh: ALL, putty: SIXTEEN, st: SIXTEEN,
  'rxvt-unicode-24bit': ALL, terminator: ALL,
  'xterm-kitty': ALL,
};
const termPatterns = [/ansi/, /color/, /linux/, /direct/, /^con[0-9]*x[0-9]/, /^rxvt/, /^screen/, /^xterm/, /^vt100/,
  /^vt220/];

// byForce returns the depth that FORCE_COLOR sets, undefined without it.
function byForce(env) {
  switch (env.FORCE_COLOR) {
    case undefined: return undefined;
    case '':
    case '1':
    case 'true': return SIXTEEN;
    case '2': return MANY;
    case '3': return ALL;
    default: return NONE;
  }
}

function byProgram(env) {
  switch (env.TERM_PROGRAM) {
    case 'iTerm.app': return !env.TERM_PROGRAM_VERSION || /^[0-2]\./.test(env.TERM_PROGRAM_VERSION) ? MANY : ALL;
    case 'HyperTerm':
    case 'MacTerm': return ALL;
    case 'Apple_Terminal': return MANY;
    default: return undefined;
  }
}

function byService(env) {
  if (env.TMUX) return ALL;
  if ('TF_BUILD' in env && 'AGENT_NAME' in env) return SIXTEEN;
  if ('CI' in env) {
    if ('CIRCLECI' in env || 'GITEA_ACTIONS' in env || 'GITHUB_ACTIONS' in env) return ALL;
    return ['APPVEYOR', 'BUILDKITE', 'DRONE', 'GITLAB_CI', 'TRAVIS'].some((name) => name in env) ||
      env.CI_NAME === 'codeship' ? MANY : NONE;
  }
  if ('TEAMCITY_VERSION' in env) return /^(9\.(0*[1-9]\d*)\.|\d{2,}\.)/.test(env.TEAMCITY_VERSION) ? SIXTEEN : NONE;
  return undefined;
}

function byTerm(env) {
  if (env.COLORTERM === 'truecolor' || env.COLORTERM === '24bit') return ALL;
  if (env.TERM) {
    if (/truecolor/.test(env.TERM)) return ALL;
    if (/^xterm-256/.test(env.TERM)) return MANY;
    const term = env.TERM.toLowerCase();
    if (termDepths[term] !== undefined) return termDepths[term];
    if (termPatterns.some((pattern) => pattern.test(term))) return SIXTEEN;
  }
  return env.COLORTERM ? SIXTEEN : NONE;
}

function getColorDepth(env = process.env) {
  const forced = byForce(env);
  if (forced !== undefined) return forced;
  if (env.NODE_DISABLE_COLORS !== undefined && env.NODE_DISABLE_COLORS !== '') return NONE;
  if ((env.NO_COLOR !== undefined && env.NO_COLOR !== '') || env.TERM === 'dumb') return NONE;
  return byService(env) ?? byProgram(env) ?? byTerm(env);
}

function hasColors(count, env) {
  if (env === undefined && (count === undefined || (typeof count === 'object' && count !== null))) {
    env = count;
    count = 16;
  } else {
    validateInteger(count, 'count', 2);
  }
  if (env !== undefined) validateObject(env, 'env');
  return count <= 2 ** getColorDepth(env);
}

module.exports = { getColorDepth, hasColors };
