package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAHandleThatCannotBeWrittenIsNoError(t *testing.T) {
	// When the messages are sent, the child and all its threads have exited, and this program has
	// not noticed.
	require.Equal(t, []string{"plain EPIPE", "handle null", "disconnect"}, printedBy(t, `
		const { fork } = require('child_process');
		const fs = require('fs');
		const net = require('net');
		if (process.argv[2] === 'child') {
			process.on('message', () => {});
			process.send('ready');
			return;
		}
		const server = net.createServer().listen(0, '127.0.0.1', () => {
			const child = fork(__filename, ['child']);
			child.once('message', () => {
				child.kill('SIGKILL');
				const proc = '/proc/' + child.pid;
				while (!/\) Z/.test(fs.readFileSync(proc + '/stat', 'utf8')) || fs.readdirSync(proc + '/task').length > 1);
				child.send({}, (error) => console.log('plain', error?.code));
				child.send({}, server, (error) => console.log('handle', error));
				child.send({}, server);
				child.on('disconnect', () => console.log('disconnect'));
				child.on('close', () => server.close());
			});
		});`))
}
