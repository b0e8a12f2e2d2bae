package cluster_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/test/looptest"
)

// likeNode are workers that report their observations, and how they exit. Each has an address of
// its own.
const likeNode = `
	const cluster = require('cluster'), net = require('net'), dgram = require('dgram'), dir = require('path').dirname(__filename);
	const { once } = require('events');
	const host = '127.0.1.' + cluster.worker.id;
	const tell = (...a) => process.send(JSON.stringify(a).replaceAll(dir, 'DIR'));
	const done = () => process.send('done');

	// listen waits until s listens, and returns its address, or the error; close returns when s is closed.
	const listen = (s, method, ...a) => new Promise((resolve) => {
		s.on('error', ({ code, errno, syscall, address, port, message }) => resolve({ code, errno, syscall, address, port, message }));
		s.on('listening', () => resolve(s.address()));
		s[method](...a);
	});
	const close = (s) => new Promise((resolve) => s.close(resolve));
	const server = () => net.createServer((c) => c.end());

	const rows = {
		async looks() {
			const w = cluster.worker;
			tell(cluster.isPrimary, cluster.isWorker, cluster.settings, cluster.workers, cluster.schedulingPolicy, w.state, w.exitedAfterDisconnect, w.isConnected(), w.isDead());
			tell(process.env.NODE_UNIQUE_ID, process.env.NODE_CHANNEL_FD, process.argv.slice(2), process.execArgv, process.connected);
			for (const a of [
				[0], [0, '0.0.0.0'], [0, '::'], [{ port: 0, host: '::', ipv6Only: true }], [{ port: 0, ipv6Only: true }], [0, '127.0.0.1'], [0, '::1'],
				[0, 'localhost'], [0, '::ffff:127.0.0.1'], [0, '0:0:0:0:0:0:0:1'], [{ port: 0, host: '0.0.0.0', ipv6Only: true }], [0, '224.0.0.1'],
				[1, '192.0.2.1'], [0, 'fe80::1%nowhere'], ['/nowhere/s'], ['/dev/null'], ['/dev/null/x'], [dir], [dir + '/'], [dir + '/s'], [dir + '/@s'],
			]) {
				const s = server();
				tell(a, await listen(s, 'listen', ...a));
				await close(s);
			}
			for (const [o, ...a] of [
				['udp4', 0], ['udp4', 0, '127.0.0.1'], ['udp4', 0, '0.0.0.0'], ['udp4', 0, '224.0.0.1'], ['udp4', { port: 0, exclusive: true }],
				['udp6', 0], ['udp6', 0, '::1'], ['udp6', 0, '::'], [{ type: 'udp6', ipv6Only: true }, 0], [{ type: 'udp4', reuseAddr: true }, 0],
				['udp4', 1, '192.0.2.1'], ['udp4', 1, '::1'],
			]) {
				const s = dgram.createSocket(o);
				tell(o, a, await listen(s, 'bind', ...a));
				await close(s);
			}

			for (const reuseAddr of [false, true]) {
				const o = { type: 'udp4', reuseAddr }, a = dgram.createSocket(o), b = dgram.createSocket(o);
				const { port } = await listen(a, 'bind', 0, host);
				tell('two sockets', o, await listen(b, 'bind', port, host));
				await close(b);
				tell('broadcast', await new Promise((resolve) => a.send('x', 9, '127.255.255.255', (e) => resolve(e && e.code))));
				await close(a);
			}

			const a = server(), { port } = await listen(a, 'listen', 0, host);
			tell('two servers', await listen(server(), 'listen', port, host));
			await once(net.connect(port, host).resume(), 'close');
			await close(a);
			a.removeAllListeners();
			tell('again', await listen(a, 'listen', port, host));
			await close(a);
			const b = server().listen(0, host, () => tell('listens'));
			tell('closed before it listens', await close(b));
			done();
		},
		leaves() {
			const s = server().listen(0, host, () => {
				tell(cluster.worker.state);
				tell(cluster.worker.disconnect() === cluster.worker, cluster.worker.exitedAfterDisconnect);
				cluster.worker.disconnect();
			});
			s.on('close', () => tell('closed'));
		},
		told() {
			server().listen(0, host, done).on('close', () => tell('closed', cluster.worker.exitedAfterDisconnect));
			cluster.worker.on('disconnect', () => process.exit(9));
		},
		kills() { server().listen(0, host, () => cluster.worker.kill()); },
		hangsUp() { server().listen(0, host, () => process.disconnect()); },
		exits() { server().listen(0, host, () => process.exit(3)); },
		dies() { server().listen(0, host, () => setImmediate(() => process.kill(process.pid, 'SIGKILL'))); },
	};
	rows[process.env.ROW]();
`

// nodePrimary is a Node primary with one worker for each of its arguments. It reports events on its
// stdout.
const nodePrimary = `
	const cluster = require('cluster');
	const [, , exec, policy, serialization, ...rows] = process.argv;
	cluster.schedulingPolicy = policy === 'none' ? cluster.SCHED_NONE : cluster.SCHED_RR;
	cluster.setupPrimary({ exec, serialization, args: [] });
	for (const row of rows) {
		const w = cluster.fork({ ROW: row });
		const tell = (...a) => console.log(row + ': ' + JSON.stringify(a));
		for (const e of ['online', 'disconnect']) w.on(e, () => tell(e));
		w.on('listening', (a) => tell('listening', a.address || '', a.port || 0, '' + (a.addressType ?? ''), a.fd ?? -1));
		w.on('exit', (code, signal) => tell('exit', signal ? 'signal: ' + signal : 'exit status ' + code, w.exitedAfterDisconnect ?? false));
		w.on('message', (m) => { if (m === 'done') w.disconnect(); else console.log(row + ': ' + m); });
	}
`

// underNodePrimary returns the reports of the workers under a Node primary, and those of the
// primary.
func underNodePrimary(t *testing.T, worker, policy, serialization string, rows []string) (lines []string) {
	t.Helper()
	l := looptest.New(t)
	p, err := childprocess.Spawn(l, looptest.NodePath(t), append([]string{script(t, nodePrimary), worker, policy, serialization}, rows...), nil)
	require.NoError(t, err)
	p.Stderr.OnText(func(s string) { t.Log(s) })
	p.Stdout.OnLine(func(line []byte) { lines = append(lines, string(line)) })
	looptest.Run(t, l)
	return lines
}

// underGoPrimary returns the same for a Go primary.
func underGoPrimary(t *testing.T, worker, policy, serialization string, rows []string) (lines []string) {
	t.Helper()
	o := &cluster.Options{ExecPath: looptest.NodePath(t), Module: worker, Fork: &childprocess.ForkOptions{}}
	o.Fork.Serialization = modes[serialization]
	if policy == "none" {
		o.Sched = cluster.Shared
	}
	f := newCluster(t, o)
	c := f.cluster
	tell := func(w *cluster.Worker, v ...any) {
		p, err := json.Marshal(v)
		require.NoError(t, err)
		lines = append(lines, rows[w.ID()-1]+": "+string(p))
	}
	c.OnOnline(func(w *cluster.Worker) { tell(w, "online") })
	c.OnListening(func(g *cluster.Listening) { tell(g.Worker, "listening", g.Address, g.Port, g.AddressType, g.FD) })
	c.OnDisconnect(func(w *cluster.Worker) { tell(w, "disconnect") })
	c.OnExit(func(e *cluster.Exit) { tell(e.Worker, "exit", e.Status.String(), e.Worker.ExitedAfterDisconnect()) })
	c.OnError(func(err error) { lines = append(lines, err.Error()) })
	c.OnMessage(func(m *cluster.Message) {
		v, err := m.Value()
		require.NoError(t, err)
		if v == "done" {
			m.Worker.Disconnect()
			return
		}
		lines = append(lines, rows[m.Worker.ID()-1]+": "+v.(string))
	})
	for _, row := range rows {
		_, err := c.Fork([]string{"ROW=" + row})
		require.NoError(t, err)
	}
	f.run()
	return lines
}

// somePort stands for a port that the system chose.
var somePort = regexp.MustCompile(`\b[1-9]\d{4}\b`)

//brood:checks W101
func TestAWorkerAndItsPrimarySeeWhatTheySeeUnderNode(t *testing.T) {
	for _, run := range []struct {
		policy, serialization string
		rows                  []string
	}{
		{"rr", "json", []string{"looks", "leaves", "told", "kills", "hangsUp", "exits", "dies"}},
		{"none", "advanced", []string{"looks"}},
	} {
		t.Run(run.policy, func(t *testing.T) {
			worker := script(t, likeNode)
			of := func(lines []string, row string) string {
				var told []string
				for _, line := range lines {
					if text, ok := strings.CutPrefix(line, row+": "); ok {
						told = append(told, somePort.ReplaceAllString(text, "PORT"))
					}
				}
				// Node may report them in the other order; here the order is fixed, see W110.
				if n := len(told); n > 1 && told[n-1] == `["disconnect"]` {
					told[n-1], told[n-2] = told[n-2], told[n-1]
				}
				return strings.Join(told, "\n")
			}
			want := underNodePrimary(t, worker, run.policy, run.serialization, run.rows)
			got := underGoPrimary(t, worker, run.policy, run.serialization, run.rows)
			for _, row := range run.rows {
				require.Contains(t, of(want, row), `["exit",`, row)
				require.Equal(t, of(want, row), of(got, row), row)
			}
		})
	}
}
