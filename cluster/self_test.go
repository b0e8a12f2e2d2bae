package cluster_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// primary is a Node primary of Go workers. It reports events on its stdout, and disconnects when
// its stdin ends.
const primary = `
	const cluster = require('cluster');
	process.execPath = process.env.GO_WORKER;
	cluster.schedulingPolicy = process.env.POLICY === 'none' ? cluster.SCHED_NONE : cluster.SCHED_RR;
	cluster.setupPrimary({ exec: process.env.GO_ARG, execArgv: [], args: [], serialization: process.env.SERIALIZATION });
	const n = 2;
	let listening = 0;
	for (const e of ['online', 'disconnect']) cluster.on(e, (w) => console.log(e, w.id));
	cluster.on('listening', (w, a) => { console.log('listening', w.id, a.port); });
	cluster.on('exit', (w, code, signal) => console.log('exit', w.id, code, signal, w.exitedAfterDisconnect));
	for (let i = 0; i < n; i++) cluster.fork();
	process.stdin.on('end', () => cluster.disconnect()).resume();
`

// underNode starts a Node primary with Go workers. When both listen, it calls ready with their
// port.
func underNode(t *testing.T, worker string, env []string, ready func(p *childprocess.ChildProcess, port int)) (lines []string) {
	t.Helper()
	node := looptest.NodePath(t)
	l := looptest.New(t)
	file, argv := helperproc.Command("worker")
	require.Len(t, argv, 1)
	o := &childprocess.Options{Env: append([]string{"GO_WORKER=" + file, "GO_ARG=" + argv[0], "WORKER=" + worker}, env...)}
	p, err := childprocess.Spawn(l, node, []string{script(t, primary)}, o)
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			p.Terminate(0)
		}
	})
	p.Stderr.OnText(func(s string) { t.Log(s) })
	listening := 0
	p.Stdout.OnLine(func(line []byte) {
		lines = append(lines, string(line))
		var id, port int
		if n, _ := fmt.Sscanf(string(line), "listening %d %d", &id, &port); n == 2 {
			if listening++; listening == 2 {
				ready(p, port)
			}
		}
	})
	looptest.Run(t, l)
	return lines
}

//brood:checks W101
func TestAGoWorkerServesUnderANodePrimary(t *testing.T) {
	for _, worker := range []string{"accept", "loop"} {
		for _, policy := range []string{"rr", "none"} {
			for mode := range modes {
				for _, network := range []string{"tcp", "unix"} {
					t.Run(strings.Join([]string{worker, policy, mode, network}, " "), func(t *testing.T) {
						address := "127.0.0.1:0"
						if network == "unix" {
							address = filepath.Join(t.TempDir(), "s")
						}
						answers := map[string]int{}
						lines := underNode(t, worker+" "+network+" "+address, []string{"POLICY=" + policy, "SERIALIZATION=" + mode},
							func(p *childprocess.ChildProcess, port int) {
								if network == "tcp" {
									address = local(port)
								}
								client(t, p, func() {
									for range 10 {
										s, err := ask(network, address)
										if err != nil {
											t.Errorf("ask: %v", err)
											return
										}
										answers[s]++
									}
								})
							})
						if policy == "rr" {
							require.Equal(t, map[string]int{"1": 5, "2": 5}, answers)
						} else {
							require.Equal(t, 10, answers["1"]+answers["2"])
						}
						for _, id := range []string{"1", "2"} {
							require.Equal(t, 1, count(lines, "online "+id), lines)
							require.Equal(t, 1, count(lines, "disconnect "+id), lines)
							require.Equal(t, 1, count(lines, "exit "+id+" 0 null true"), lines)
						}
					})
				}
			}
		}
	}
}

// client runs fn on a goroutine, and then lets the primary disconnect.
func client(t *testing.T, p *childprocess.ChildProcess, fn func()) {
	w := p.Stdin.Writer()
	// It ends with fn, which has time limits; the primary, and so the loop, waits for it.
	go func() {
		fn()
		_ = w.Close() // It fails if the primary has exited; the test sees that.
	}()
}

func count(lines []string, line string) (n int) {
	for _, l := range lines {
		if l == line {
			n++
		}
	}
	return n
}

func TestJoinIsForWorkers(t *testing.T) {
	_, err := cluster.Join(looptest.New(t), nil)
	require.ErrorIs(t, err, cluster.ErrNotWorker)
}

func init() {
	// leaver answers one connection, and disconnects.
	workers["leaver"] = func(l *reactor.Loop, parent *ipc.Channel, args []string) error {
		self, err := cluster.Join(l, parent)
		if err != nil {
			return err
		}
		o := &cluster.ListenOptions{OnConnection: func(d *streams.Duplex) {
			self.Disconnect()
			self.Disconnect()
			d.Readable.Destroy(nil)
			_, _ = d.Writable.WriteString(fmt.Sprint(self.ID())) // The client waits for it.
			d.Writable.End()
		}}
		return self.Listen(args[0], args[1], o, func(_ *cluster.Server, err error) { must(err) })
	}
}

//brood:checks W109
func TestAGoWorkerDisconnectsFromANodePrimaryByItself(t *testing.T) {
	for _, policy := range []string{"rr", "none"} {
		t.Run(policy, func(t *testing.T) {
			answers := map[string]bool{}
			lines := underNode(t, "leaver tcp 127.0.0.1:0", []string{"POLICY=" + policy}, func(p *childprocess.ChildProcess, port int) {
				client(t, p, func() {
					for range 2 {
						s, err := ask("tcp", local(port))
						if err != nil {
							t.Errorf("ask: %v", err)
						}
						answers[s] = true
					}
				})
			})
			require.Equal(t, map[string]bool{"1": true, "2": true}, answers)
			for _, id := range []string{"1", "2"} {
				require.Equal(t, 1, count(lines, "disconnect "+id), lines)
				require.Equal(t, 1, count(lines, "exit "+id+" 0 null true"), lines)
			}
		})
	}
}

//brood:checks W102
func TestAGoWorkerHasAUDPSocketOfANodePrimary(t *testing.T) {
	lines := underNode(t, "udp udp4 127.0.0.1:0", nil, func(p *childprocess.ChildProcess, port int) {
		client(t, p, func() {
			conn, err := dial("udp", local(port))
			if err != nil {
				t.Errorf("dial: %v", err)
				return
			}
			defer conn.Close()
			buf := make([]byte, 10)
			n := 0
			if _, err = conn.Write([]byte("x")); err == nil {
				n, err = conn.Read(buf)
			}
			if s := string(buf[:n]); err != nil || s != "1 x" && s != "2 x" {
				t.Errorf("answer %q, %v", s, err)
			}
		})
	})
	for _, id := range []string{"1", "2"} {
		require.Equal(t, 1, count(lines, "exit "+id+" 0 null true"), lines)
	}
}
