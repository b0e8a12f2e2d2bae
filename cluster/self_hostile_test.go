package cluster_test

import (
	"fmt"
	"math"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// report sends messages about what becomes of its servers.
	workers["report"] = func(l *reactor.Loop, parent *ipc.Channel, args []string) error {
		self, err := cluster.Join(l, parent)
		if err != nil {
			return err
		}
		say := func(v string) {
			if parent.Connected() {
				must(parent.Send(v))
			}
		}
		self.OnLeave(func() { say("leaves") })
		if self.Listen("tcp", "127.0.0.1:0", nil, nil) == nil || self.ListenPacket("udp4", "127.0.0.1:0", nil, nil) == nil {
			say("listens for nobody")
		}
		for _, o := range []*cluster.ListenOptions{{MaxWaiting: -1}, {MaxWaiting: math.MaxInt}, {MaxConnections: -1}} {
			if self.Listen("tcp", "127.0.0.1:0", o, func(*cluster.Server, error) {}) == nil {
				say("listens with " + fmt.Sprint(o))
			}
		}
		for _, address := range args {
			err := self.Listen("tcp", address, nil, func(s *cluster.Server, err error) {
				if err != nil {
					say("error " + err.Error())
					return
				}
				say("listens " + s.Addr().String())
				// It ends with the server.
				go func() {
					for {
						conn, err := s.Accept()
						if err != nil {
							return
						}
						_ = conn.Close() // No byte was written to it.
					}
				}()
			})
			if err != nil {
				say("refused " + err.Error())
			}
		}
		return nil
	}
}

// An oddPrimary is a primary that speaks the protocol by hand.
type oddPrimary struct {
	t     *testing.T
	loop  *reactor.Loop
	child *childprocess.ChildProcess
	said  []string
	seq   int
}

func newOddPrimary(t *testing.T, mode ipc.Serialization, addresses ...string) *oddPrimary {
	t.Helper()
	l := looptest.New(t)
	o := &childprocess.ForkOptions{}
	o.Env, o.Serialization = append(os.Environ(), "NODE_UNIQUE_ID=7"), mode
	child, err := childprocess.ForkSelf(l, "report", addresses, o)
	require.NoError(t, err)
	p := &oddPrimary{t: t, loop: l, child: child}
	child.OnError(func(err error) { require.NoError(t, err) })
	child.OnClose(func(s childprocess.ExitStatus) { p.said = append(p.said, s.String()) })
	t.Cleanup(func() {
		if t.Failed() {
			child.Terminate(0)
		}
	})
	return p
}

func (p *oddPrimary) send(v object, o *ipc.SendOptions) {
	v["cmd"], v["seq"] = "NODE_CLUSTER", p.seq
	p.seq++
	require.NoError(p.t, p.child.Channel().SendInternal(v, o))
}

func (p *oddPrimary) onAct(fn func(act string, in object)) {
	p.child.Channel().OnInternal("NODE_CLUSTER", func(m *ipc.Message) {
		var in object
		require.NoError(p.t, m.Decode(&in))
		act, _ := in["act"].(string)
		fn(act, in)
	})
}

func TestAHostilePrimaryDoesNotBreakAWorker(t *testing.T) {
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			p := newOddPrimary(t, mode, "127.0.0.1:0")
			p.child.OnMessage(func(m *ipc.Message) {
				var s string
				require.NoError(t, m.Decode(&s))
				p.said = append(p.said, s)
			})
			refused := 0
			p.onAct(func(act string, in object) {
				switch {
				case act == "queryServer":
					for _, v := range []object{
						{}, {"act": 1}, {"act": "newconn"}, {"act": "newconn", "key": "unknown"}, {"act": "newconn", "key": 7}, {"act": strings.Repeat("x", 1<<20)},
						{"ack": -1}, {"ack": math.MaxFloat64}, {"ack": "x", "errno": object{}}, {"ack": object{}}, {"ack": 12345, "key": "k"},
					} {
						p.send(v, nil)
					}
					p.send(object{"ack": in["seq"], "errno": nil, "key": "k", "sockname": object{"address": 5, "port": "x"}}, nil)
					p.send(object{"ack": in["seq"], "errno": nil, "key": "k"}, nil)
				case act == "listening":
					a, b, err := socketPair()
					require.NoError(t, err)
					udp, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
					require.NoError(t, err)
					p.send(object{"act": "newconn", "key": "k"}, nil)
					p.send(object{"act": "newconn", "key": "k"}, &ipc.SendOptions{Handle: ipc.Native(udp)})
					p.send(object{"act": "newconn", "key": "other"}, &ipc.SendOptions{Handle: ipc.Native(a)})
					p.send(object{"act": "newconn", "key": "k"}, &ipc.SendOptions{Handle: ipc.Native(a)})
					require.NoError(t, errorOfClose(a, b, udp))
				case in["accepted"] == false:
					refused++
				case in["accepted"] == true:
					p.send(object{"act": "disconnect"}, nil)
					p.send(object{"act": "disconnect"}, nil)
				}
			})
			looptest.Run(t, p.loop)
			require.Equal(t, []string{"listens 127.0.0.1:0", "leaves", "exit status 0"}, p.said)
			// The six that have no connection or no server. Two of the replies come before anything
			// listens.
			require.GreaterOrEqual(t, refused, 3)
		})
	}
}

func errorOfClose(fds ...int) (err error) {
	for _, fd := range fds {
		if e := unix.Close(fd); e != nil {
			err = e
		}
	}
	return err
}

func TestAWorkerGetsTheReasonWhyItCannotListen(t *testing.T) {
	p := newOddPrimary(t, ipc.JSON, "127.0.0.1:0", "127.0.0.1:80", "127.0.0.1:81", "127.0.0.1:82", "localhost:80", "127.0.0.1:83")
	p.child.OnMessage(func(m *ipc.Message) {
		var s string
		require.NoError(t, m.Decode(&s))
		if p.said = append(p.said, s); len(p.said) == 5 {
			p.child.Disconnect()
		}
	})
	p.onAct(func(act string, in object) {
		switch in["port"] {
		case 0.0:
			p.send(object{"ack": in["seq"], "errno": -int(unix.EADDRINUSE), "key": "k"}, nil)
		case 80.0:
			p.send(object{"ack": in["seq"], "errno": "x"}, nil)
		case 81.0:
			p.send(object{"ack": in["seq"], "errno": 5, "key": "k"}, nil)
		case 82.0:
			p.send(object{"ack": in["seq"], "errno": -1 << 40, "key": "k"}, nil)
		} // The last query gets no reply.
	})
	looptest.Run(t, p.loop)
	const senseless = ": the primary's reply makes no sense"
	require.Equal(t, []string{
		"refused cluster: address has no IP address",
		"error cluster: listen 127.0.0.1:0: address already in use",
		"error cluster: listen 127.0.0.1:80" + senseless,
		"error cluster: listen 127.0.0.1:81" + senseless,
		"error cluster: listen 127.0.0.1:82" + senseless,
		"exit status 0",
	}, p.said)
}

var _ net.Listener = (*cluster.Server)(nil)
