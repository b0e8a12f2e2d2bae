'use strict';

const { HEX } = require('internal/encodings');

const { decode } = internalBinding('buffer');

// most is the size up to which other properties of a buffer are listed: the engine lists all elements with them.
const most = 1 << 16;

// inspectBuffer returns a buffer as util.inspect shows it: its first bytes, and properties that a script has added.
function inspectBuffer(buffer, max, ctx) {
  const shown = Math.min(max, buffer.length);
  let text = decode(buffer, HEX, 0, shown).replace(/(.{2})/g, '$1 ').trim();
  const hidden = buffer.length - shown;
  if (hidden > 0) text += ` ... ${hidden} more byte${hidden > 1 ? 's' : ''}`;
  if (ctx && buffer.length <= most) {
    const extra = propertiesOf(buffer, ctx);
    if (extra !== undefined) text += buffer.length > 0 ? `, ${extra}` : extra;
  }
  return `<${buffer.constructor.name} ${text}>`;
}

function propertiesOf(buffer, ctx) {
  const others = { __proto__: null };
  let any = false;
  for (const name of ctx.showHidden ? Reflect.ownKeys(buffer) : Object.keys(buffer)) {
    if (typeof name === 'string' && /^\d+$/.test(name)) continue;
    others[name] = buffer[name];
    any = true;
  }
  if (!any) return undefined;
  const text = require('internal/inspect').inspect(others, { ...ctx, breakLength: Infinity, compact: true });
  return text.slice('[Object: null prototype] { '.length, -' }'.length);
}

module.exports = inspectBuffer;
