// What scripts with execa do, one line of output each.

import { writeFileSync, readFileSync } from 'node:fs';
import { Transform } from 'node:stream';
import { $, ExecaError, execa, execaNode, execaSync, parseCommandString } from 'execa';

async function tell(name, run) {
  try {
    console.log(name, JSON.stringify(await run()));
  } catch (error) {
    const { shortMessage, exitCode, signal, timedOut, isCanceled, isTerminated, isMaxBuffer, code } = error;
    console.log(name, 'failed', error.name, JSON.stringify({ shortMessage, exitCode, signal, timedOut, isCanceled, isTerminated, isMaxBuffer, code }));
  }
}

async function read(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

await tell('values', async () => (await $`printf [%s] ${"a'b $(x)"} ${['x', 'y z']}`).stdout);
await tell('input', async () => (await $({ input: 'abc' })`cat`).stdout);
await tell('sync', () => [$.sync`echo sync`.stdout, execaSync('sh', ['-c', 'echo out; echo err >&2'], { all: true }).all]);
await tell('a failure in sync', () => execaSync('sh', ['-c', 'exit 3']));
await tell('failure', () => execa('sh', ['-c', 'echo out; echo err >&2; exit 2']));
await tell('properties', async () => {
  const error = await execa('sh', ['-c', 'echo out; exit 4']).catch((failure) => failure);
  return [error instanceof ExecaError, error.message, error.command, error.stdout, error.failed, typeof error.durationMs];
});
await tell('a missing program', () => execa('nothing.here'));
await tell('reject', async () => (await execa('false', { reject: false })).exitCode);
await tell('timeout', () => execa('sleep', ['10'], { timeout: 50 }));
await tell('cancelSignal', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  await execa('sleep', ['10'], { cancelSignal: controller.signal });
});
await tell('kill', async () => {
  const sleeper = execa('sleep', ['10']);
  setTimeout(() => sleeper.kill(), 50);
  await sleeper;
});
await tell('pipe', async () => (await execa('printf', ['b\na\n']).pipe('sort').pipe('head', ['-1'])).stdout);
await tell('pipe of templates', async () => (await $`printf b\na\n`.pipe`sort`).stdout);
await tell('a failure in a pipe', () => execa('false').pipe('cat'));
await tell('lines', async () => (await execa('seq', ['3'], { lines: true })).stdout);
await tell('iteration', async () => {
  const lines = [];
  for await (const line of execa('seq', ['3'])) lines.push(line);
  return lines;
});
await tell('files', async () => {
  writeFileSync('in.txt', 'from a file\n');
  const { stdout } = await execa('cat', { inputFile: 'in.txt', stdout: ['pipe', { file: 'out.txt' }] });
  return [stdout, readFileSync('out.txt', 'utf8')];
});
await tell('a generator', async () => (await execa('seq', ['3'], { stdout: function* (line) { yield `<${line}>`; } })).stdout);
await tell('a transform', async () => {
  const transform = new Transform({ transform(chunk, encoding, done) { done(null, String(chunk).toUpperCase()); } });
  return (await execa('echo', ['text'], { stdout: { transform } })).stdout;
});
await tell('a web stream', async () => {
  const stdin = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('web'));
      controller.close();
    },
  });
  return (await execa('cat', { stdin })).stdout;
});
await tell('encodings', async () => [
  (await execa('printf', ['hi'], { encoding: 'buffer' })).stdout instanceof Uint8Array, (await execa('printf', ['hi'], { encoding: 'hex' })).stdout,
]);
await tell('env and cwd', async () => [
  (await execa('sh', ['-c', 'echo $A'], { env: { A: 'x' } })).stdout, (await execa('pwd', { cwd: '/' })).stdout,
]);
await tell('shell', async () => (await execa('echo $((1+2))', { shell: true })).stdout);
await tell('readable', () => read(execa('echo', ['text']).readable()));
await tell('duplex', () => {
  const duplex = execa('cat').duplex();
  duplex.end('through');
  return read(duplex);
});
await tell('a fourth descriptor', async () => (await execa('sh', ['-c', 'echo three >&3'], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] })).stdio[3]);
writeFileSync('child.mjs', `
  import { getOneMessage, sendMessage } from 'execa';
  await sendMessage({ got: await getOneMessage() });
  console.log(process.argv[2]);`);
await tell('messages', async () => {
  const child = execaNode('child.mjs', ['argument']);
  await child.sendMessage({ a: 1 });
  const message = await child.getOneMessage();
  const { stdout, ipcOutput } = await child;
  return [message, stdout, ipcOutput];
});
await tell('ipcInput', async () => (await execaNode('child.mjs', ['argument'], { ipcInput: new Map([['a', 1]]) })).ipcOutput.map(({ got }) => [...got]));
await tell('parseCommandString', () => parseCommandString('a b\\ c'));
