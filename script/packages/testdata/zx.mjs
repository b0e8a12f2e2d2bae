// What scripts for zx do, one line of output each.

import {
  $, ProcessOutput, ProcessPromise, YAML, argv, cd, chalk, dotenv, echo, fs, glob, nothrow, os, parseArgv, path, ps, quote, retry, sleep, tmpfile, useBash, which, within,
} from 'zx';

const start = process.cwd();

async function tell(name, run) {
  try {
    console.log(name, JSON.stringify(await run()));
  } catch (error) {
    console.log(name, 'failed', error.constructor.name, error.exitCode, error.signal, JSON.stringify(error.stderr));
  }
}

await tell('values', async () => (await $`printf '[%s]' ${"a'b $(x)\n"} ${['x', 'y z']} ${''}`).stdout);
await tell('quote', () => quote("a'b c"));
await tell('pipe', async () => (await $`printf 'b\na\n'`.pipe($`sort`).pipe`head -1`).stdout);
await tell('pipe to a file', async () => {
  const file = tmpfile('out.txt');
  const out = fs.createWriteStream(file);
  const written = new Promise((resolve) => out.on('close', resolve)); // zx itself waits for the end of what is read, not of what is written.
  await $`echo text`.pipe(out);
  await written;
  return fs.readFileSync(file, 'utf8');
});
await tell('cd', async () => {
  cd('/');
  const { stdout } = await $`pwd`;
  cd(start);
  return stdout;
});
await tell('within', async () => {
  const inside = await within(async () => {
    $.cwd = '/';
    $.nothrow = true;
    return [(await $`pwd`).stdout, (await $`exit 4`).exitCode];
  });
  return [inside, (await $`pwd`).stdout.trim() === start];
});
await tell('failure', () => $`echo err >&2; exit 3`);
await tell('instances', async () => [$`true` instanceof ProcessPromise, (await $`true`) instanceof ProcessOutput]);
await tell('nothrow', async () => (await nothrow($`exit 8`)).exitCode);
await tell('exitCode', () => $`exit 7`.exitCode);
await tell('kill', async () => {
  const sleeper = $`sleep 100`;
  setTimeout(() => sleeper.kill('SIGKILL'), 50);
  await sleeper;
});
await tell('timeout', () => $`sleep 100`.timeout('50ms'));
await tell('abort', async () => {
  const controller = new AbortController();
  const sleeper = $({ signal: controller.signal })`sleep 100`;
  setTimeout(() => controller.abort(), 50);
  await sleeper;
});
await tell('sync', () => $.sync`echo sync`.stdout);
await tell('input', async () => (await $({ input: 'abc' })`cat`).stdout);
await tell('stdin', async () => {
  const cat = $`cat`;
  cat.stdin.write('written');
  cat.stdin.end();
  return (await cat).stdout;
});
await tell('lines', async () => {
  const lines = [];
  for await (const line of $`seq 3`) lines.push(line);
  return lines;
});
await tell('json', () => $`echo '{"a":1}'`.json());
await tell('text', () => $`echo hi`.text());
await tell('buffer', () => $`printf hi`.buffer());
await tell('glob', async () => {
  fs.mkdirpSync('some/folder');
  fs.writeFileSync('some/folder/a.txt', 'x');
  fs.writeFileSync('some/b.txt', 'x');
  return (await glob('some/**/*.txt')).sort();
});
await tell('fs', async () => [await fs.readJson('package.json').then((json) => typeof json), path.join('a', '..', 'b'), os.cpus().length > 0]);
await tell('which', () => which('sh').then((file) => file.endsWith('/sh')));
await tell('yaml', () => YAML.parse('a: [1, 2]'));
await tell('dotenv', () => dotenv.parse('A=1\nB="x y"'));
await tell('argv', () => [argv._, parseArgv(['--a', '1', 'b'])]);
await tell('retry', async () => {
  let n = 0;
  return retry(3, async () => {
    if (++n < 3) throw new Error('again');
    return n;
  });
});
await tell('ps', async () => (await ps.lookup({ pid: process.pid })).length);
await tell('sleep', () => sleep(1).then(() => 'slept'));
await tell('chalk', () => typeof chalk.red('x'));
await tell('bash', async () => {
  useBash();
  return (await $`echo \${BASH_VERSION:+bash}`).stdout;
});
echo`echo ${1}`;
