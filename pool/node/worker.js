'use strict'; // The worker's side of a pool of github.com/brood-go/brood/pool, see PROTOCOL.md there. A worker is
//   require('./brood-worker.cjs').serve({ resize: async (job, { signal, progress, write, … }) => result }, { concurrency: 4 });
// '' gets the methods without a handler. signal is aborted by a cancel, and grace milliseconds after the worker was told to exit.
const fields = (e) => ['message', 'name', 'stack', 'code'].flatMap((k) => (e?.[k] == null ? [] : [[k, String(e[k])]]));
const describe = (e) => { try { return { message: String(e), ...Object.fromEntries(fields(e)) }; } catch { return { message: 'unknown' }; } };
const view = (v) => (ArrayBuffer.isView(v) ? Buffer.from(v.buffer, v.byteOffset, v.byteLength) : Buffer.from(v ?? []));
const send = (message, gone = () => {}) => (process.connected ? process.send(message, gone) : gone());
exports.serve = function serve(methods, { concurrency = 1, grace = 5000, teardown } = {}) {
  const handlers = { __proto__: null, ...methods }, jobs = new Map(), queue = [], wanted = [], fd = +process.env.BROOD_POOL_ATTACH_FD;
  const bytes = fd ? new (require('node:net').Socket)({ fd }).on('error', () => {}).on('readable', () => take()) : null;
  const take = () => { for (let p; wanted.length && (p = bytes.read(4 + wanted[0].size));) wanted.shift().got(p.subarray(4)); };
  let running = 0, ending = false, accepts = ['cancel', 'recall', 'credit', 'ping'];
  const answer = (job, message, attach) => {
    if (jobs.delete(job.id)) try {
      if (attach?.length && !bytes) throw new Error('the parent takes no attachments');
      send({ id: job.id, ...message, attach: attach?.length || undefined });
      if (attach?.length) for (const p of [Buffer.from([24, 16, 8, 0].map((n) => attach.length >>> n)), attach]) bytes.write(p);
    } catch (e) { send({ id: job.id, error: { ...describe(e), code: 'ERR_RESULT' } }); } };
  const next = async (job = !ending && running < (concurrency || 1) && queue.shift()) => {
    if (!job) return ending && running === 0 && finish(); else running++;
    try { const result = await job.handler(job.input, job.context); await job.written; answer(job, { result: result ?? null }, job.attached); }
    catch (e) { answer(job, { error: describe(e) }); } finally { running--; next(); }
  };
  const finish = async () => {
    running = NaN; try { await teardown?.(); } catch (e) { console.error(e); process.exitCode = 1; }
    await new Promise((gone) => send({ retire: true }, gone)); // Behind all that was sent.
    bytes ? bytes.end(() => process.exit()) : process.exit();
  };
  const end = () => {
    if (!ending) setTimeout(() => jobs.forEach((job) => job.abort(new Error('the worker is to end'))), grace);
    ending = true; queue.splice(0).forEach((job) => jobs.delete(job.id)); next();
  };
  const accept = async ({ id, method, job: input = null, attempt = 1, attach: size }) => {
    let made; const control = () => (made ??= new AbortController()), handler = handlers[method ?? ''] ?? handlers['']; // It is slow to make.
    const job = { id, input, handler, credit: 1 << 20, abort: (e) => { control().abort(e); job.go?.(); cut(); } };
    const cut = (at = queue.indexOf(job)) => { if (at >= 0) answer(...queue.splice(at, 1), { error: describe(made.signal.reason) }); };
    jobs.set(id, job); const attach = size > 0 && bytes ? await new Promise((got) => { wanted.push({ size, got }); take(); }) : undefined;
    const put = async (data, before, { signal } = control()) => {
      await before; for (let n; data.length && jobs.has(id); data = data.subarray(n)) {
        while (job.credit <= 0 && !signal.aborted) await new Promise((go) => { job.go = go; });
        signal.throwIfAborted(); n = Math.min(job.credit, 1 << 16, data.length); job.credit -= n;
        await new Promise((gone) => send({ id, chunk: { base64: data.toString('base64', 0, n) } }, gone));
      }
    };
    const write = (c, data = Buffer.from(c)) => { job.written = put(data, job.written); job.written.catch(() => {}); return job.written; };
    job.context = { id, method, attempt, attach, write, get signal() { return control().signal; }, retire: () => send({ retire: true }),
      progress: (v) => jobs.has(id) && send({ id, progress: v }), reply: (v, data) => { job.attached = view(data); return v; } };
    if (handler) queue.push(job); else answer(job, { error: { message: `no method "${method ?? ''}"`, code: 'ERR_METHOD' } });
    made?.signal.aborted ? cut() : next();
  };
  process.on('SIGINT', () => {}).on('SIGTERM', () => { if (!ending) send({ retire: true }); end(); }).on('disconnect', end);
  process.on('message', (m, _handle, job = jobs.get(m?.id)) => {
    if (m?.ping !== undefined) send({ pong: m.ping });
    else if (m?.recall && queue.includes(job)) { queue.splice(queue.indexOf(job), 1); jobs.delete(m.id); send({ id: m.id, recalled: true }); }
    else if (job && m.credit > 0) { job.credit += m.credit; job.go?.(); }
    else if (job && m.cancel !== undefined) job.abort(Object.assign(new Error(m.cancel), { name: 'AbortError', code: 'ERR_CANCELLED' }));
    else if (!job && !ending && m?.id > 0 && m.cancel === undefined && m.recall === undefined && m.credit === undefined) accept(m);
  });
  send({ ready: { version: 1, methods: methods[''] ? undefined : Object.keys(methods), concurrency, accepts } });
};
