package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAScriptLearnsWhatKeepsItRunning(t *testing.T) {
	require.Equal(t, []string{
		"FSReqCallback,Immediate",
		"PipeWrap,PipeWrap,PipeWrap,ProcessWrap,TCPServerWrap,UDPWrap,Timeout",
		"Timeout",
	}, printed(t, `
		const say = () => console.log(process.getActiveResourcesInfo().join());
		const { promisify } = require('util');
		Promise.all([promisify(require('fs').stat)('/'), promisify(setImmediate)()]).then(() => {
			const child = require('child_process').spawn('cat');
			const server = require('net').createServer().listen(0, '127.0.0.1');
			const socket = require('dgram').createSocket('udp4').bind(0, '127.0.0.1', () => {
				setTimeout(() => {}, 1);
				say();
				for (const one of [child, child.stdin, child.stdout, child.stderr, server, socket]) one.unref();
				say();
				child.kill();
			});
		});
		say();`))
}
