package main

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/signals"
)

func TestASignalWithoutAListenerEndsTheProgram(t *testing.T) {
	for _, s := range []syscall.Signal{unix.SIGUSR2, unix.SIGALRM, unix.SIGIO, unix.SIGQUIT, unix.SIGABRT, unix.SIGTRAP, unix.SIGVTALRM, unix.SIGTERM} {
		name := signals.Name(s)
		status, stdout := exitOf(t, "-e", "process.kill(process.pid, '"+name+"'); console.log('never'); setInterval(() => {}, 1000)")
		require.Empty(t, stdout, name)
		require.True(t, status.Signaled(), name)
		require.Equal(t, s, status.Signal())
	}
	status, _ := exitOf(t, "-e", "process.abort()")
	require.Equal(t, unix.SIGABRT, status.Signal())
}

func TestASignalEndsTheProgramAfterItsLastListener(t *testing.T) {
	for _, name := range []string{"SIGUSR2", "SIGALRM", "SIGQUIT", "SIGTERM"} {
		status, stdout := exitOf(t, "-e", `
			const name = '`+name+`';
			const other = () => {};
			process.on(name, other);
			process.once(name, () => {
				console.log('heard');
				process.off(name, other);
				process.kill(process.pid, name);
			});
			process.kill(process.pid, name);
			setInterval(() => {}, 1000);`)
		require.Equal(t, "heard\n", stdout, name)
		require.True(t, status.Signaled(), name)
		require.Equal(t, name, signals.Name(status.Signal()))
	}
}

func TestSignalsThatNodeDropsDoNotEndTheProgram(t *testing.T) {
	status, stdout := exitOf(t, "-e", `
		for (const name of ['SIGPIPE', 'SIGXFSZ', 'SIGUSR1', 'SIGWINCH', 'SIGURG', 'SIGCHLD']) process.kill(process.pid, name);
		console.log('alive');`)
	require.True(t, status.Exited())
	require.Equal(t, "alive\n", stdout)
	status, _ = exitOf(t, "--disable-sigusr1", "-e", "process.kill(process.pid, 'SIGUSR1'); setInterval(() => {}, 1000)")
	require.Equal(t, unix.SIGUSR1, status.Signal())
}

func TestAnUncaughtExceptionMayAbort(t *testing.T) {
	source := `
		process.on('uncaughtException', () => console.log('never'));
		const d = require('domain').create();
		if (process.argv[1] === 'heard') d.on('error', () => console.log('heard'));
		d.run(() => { throw new Error('boom'); });`
	status, stdout, stderr := outputOf(t, "--abort-on-uncaught-exception", "-e", source)
	require.Equal(t, unix.SIGABRT, status.Signal())
	require.Empty(t, stdout)
	require.Contains(t, stderr, "Error: boom")
	status, stdout = exitOf(t, "--abort-on-uncaught-exception", "-e", source, "heard")
	require.True(t, status.Exited())
	require.Equal(t, "heard\n", stdout)
}
