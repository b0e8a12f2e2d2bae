// Package packages runs scripts that use unmodified packages of npm's registry.
package packages_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPackagesRunUnchanged(t *testing.T) {
	for name, one := range map[string]struct {
		script string
		want   string
	}{
		"commander.cjs": {`
			const { Command } = require('commander');
			const program = new Command().option('-p, --port <n>', 'the port', Number, 80).argument('<file>').exitOverride();
			program.configureOutput({ writeErr: (text) => console.log(text.trim()) });
			program.action((file, options) => console.log(file, options.port)).parse(['a.txt', '--port', '90'], { from: 'user' });
			try { program.parse(['a', '--nothing'], { from: 'user' }); } catch (error) { console.log(error.code); }
		`, "a.txt 90\nerror: unknown option '--nothing'\ncommander.unknownOption"},
		"terminal.mjs": {`
			import { Chalk } from 'chalk';
			import width from 'string-width';
			const text = new Chalk({ level: 1 }).red('古a');
			console.log(JSON.stringify(text), width(text));
		`, `"\u001b[31m古a\u001b[39m" 3`},
		"files.mjs": {`
			import fs from 'fs-extra';
			import glob from 'fast-glob';
			import yaml from 'js-yaml';
			await fs.outputJson('made/in/a.json', { list: [1] });
			await fs.copy('made', 'copied');
			console.log((await glob('*/in/*.json')).sort().join(), yaml.dump(await fs.readJson('copied/in/a.json')).trim());
			await fs.remove('made');
			await fs.remove('copied');
		`, "copied/in/a.json,made/in/a.json list:\n  - 1"},
		"log.cjs": {`
			const { createLogger, format, transports } = require('winston');
			const log = createLogger({ format: format.printf((info) => info.level + ': ' + info.message), transports: [new transports.Console()] });
			log.info('started');
			log.debug('not told');
		`, "info: started"},
		"koa.cjs": {`
			const Koa = require('koa');
			const app = new Koa();
			app.use(async (context, next) => { await next(); context.set('x-turn', '1'); });
			app.use((context) => { context.body = { path: context.path }; });
			const server = app.listen(0, async () => {
				const answer = await fetch('http://localhost:' + server.address().port + '/items');
				console.log(answer.status, answer.headers.get('x-turn'), await answer.text());
				server.close();
				server.closeAllConnections();
			});
		`, "200 1 {\"path\":\"/items\"}"},
		"ws.cjs": {`
			const { WebSocket, WebSocketServer } = require('ws');
			const server = new WebSocketServer({ port: 0, perMessageDeflate: true }, () => {
				const client = new WebSocket('ws://localhost:' + server.address().port);
				client.on('open', () => client.send('tick'.repeat(1000)));
				client.on('message', (text) => { console.log(text.length); client.close(1000, 'enough'); });
				client.on('close', (code, why) => { console.log(code, String(why)); server.close(); });
			});
			server.on('connection', (one) => one.on('message', (text) => one.send(String(text))));
		`, "4000\n1000 enough"},
		"tar.mjs": {`
			import fs from 'node:fs';
			import * as tar from 'tar';
			fs.mkdirSync('in');
			fs.writeFileSync('in/a.txt', 'tick'.repeat(1000));
			await tar.c({ gzip: true, file: 'a.tgz' }, ['in']);
			fs.mkdirSync('out');
			await tar.x({ file: 'a.tgz', cwd: 'out' });
			console.log(fs.statSync('a.tgz').size < 1000, fs.readFileSync('out/in/a.txt', 'utf8').length);
		`, "true 4000"},
		"lodash.cjs": {`
			const _ = require('lodash');
			console.log(_.groupBy([1.1, 2.2, 1.3], Math.floor), _.template('<%= n %>!')({ n: 'x' }), _.cloneDeep(new Map([[1, /x/g]])));
		`, "{ '1': [ 1.1, 1.3 ], '2': [ 2.2 ] } x! Map(1) { 1 => /x/g }"},
		"tape.cjs": {`
			require('tape')('adds', (t) => { t.plan(1); t.equal(1 + 1, 2); });
		`, "TAP version 13\n# adds\nok 1 should be strictly equal\n\n1..1\n# tests 1\n# pass  1\n\n# ok"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, one.want, strings.TrimSpace(runScript(t, name, []byte(one.script))))
		})
	}
}
