package ipc_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// ipc-echo sends everything back until the parent disconnects.
	helperproc.Register("ipc-echo", func([]string) {
		inHelper(func(_ *reactor.Loop, c *ipc.Channel) {
			c.OnMessage(func(m *ipc.Message) {
				v, err := m.Value()
				check(err)
				check(c.Send(v))
			})
		})
	})

	// ipc-idle takes the channel and neither listens nor sends.
	helperproc.Register("ipc-idle", func([]string) { inHelper(func(*reactor.Loop, *ipc.Channel) {}) })

	// ipc-count sends the numbers up to 9999 and a long text, and exits.
	helperproc.Register("ipc-count", func([]string) {
		inHelper(func(_ *reactor.Loop, c *ipc.Channel) {
			for i := range 10_000 {
				check(c.Send(i))
			}
			check(c.Send(strings.Repeat("x", 3<<20)))
		})
	})

	// ipc-exit sends fifty small messages and exits at once.
	helperproc.Register("ipc-exit", func([]string) {
		inHelper(func(_ *reactor.Loop, c *ipc.Channel) {
			for i := range 50 {
				check(c.Send(i))
			}
			helperproc.Exit(0)
		})
	})

	// ipc-environment starts a program that prints its environment, and then sends done.
	helperproc.Register("ipc-environment", func([]string) {
		inHelper(func(_ *reactor.Loop, c *ipc.Channel) {
			cmd := exec.Command("sh", "-c", "env | grep NODE_CHANNEL; if test -e /dev/fd/3; then echo open; fi")
			cmd.Stdout = os.Stdout
			check(cmd.Run())
			check(c.Send("done"))
		})
	})

	// ipc-disconnect says goodbye and disconnects.
	helperproc.Register("ipc-disconnect", func([]string) {
		inHelper(func(_ *reactor.Loop, c *ipc.Channel) {
			check(c.Send("bye"))
			c.Disconnect()
		})
	})

	// ipc-die sends a message and half of another one, and dies.
	helperproc.Register("ipc-die", func([]string) {
		inHelper(func(_ *reactor.Loop, c *ipc.Channel) {
			check(c.Send("whole"))
			_, err := unix.Write(c.FD(), []byte(`{"half":`))
			check(err)
			check(syscall.Kill(os.Getpid(), syscall.SIGKILL))
			select {}
		})
	})
}

//brood:checks S065
func TestTenThousandMessagesEachWayWithANodeParent(t *testing.T) {
	for _, mode := range []string{"json", "advanced"} {
		out := underNode(t, "ipc-echo", `
			const c = child({serialization: '`+mode+`'});
			let n = 0;
			for (let i = 0; i < 10000; i++) c.send({n: i, s: 'é'});
			c.on('message', m => {
				if (m.n !== n++ || m.s !== 'é') throw new Error('wrong: ' + JSON.stringify(m));
				if (n === 10000) c.disconnect();
			});
			c.on('exit', (code, signal) => console.log(n, code, signal));`)
		require.Equal(t, "10000 0 null\n", out)
	}
}

//brood:checks S069 N131
func TestAnIdleChildEndsByItself(t *testing.T) {
	out := underNode(t, "ipc-idle", `
		const c = child();
		c.on('disconnect', () => console.log('disconnect'));
		c.on('exit', code => console.log('exit', code));`)
	require.ElementsMatch(t, []string{"disconnect", "exit 0"}, strings.Split(strings.TrimSpace(out), "\n"))
}

//brood:checks S069
func TestAnUnfinishedSendHoldsTheChild(t *testing.T) {
	out := underNode(t, "ipc-count", `
		const c = child();
		let n = 0;
		c.on('message', m => {
			if (typeof m === 'number') { if (m !== n++) throw new Error('out of order'); }
			else console.log(n, m.length);
		});
		c.on('exit', code => console.log(code));`)
	require.Equal(t, fmt.Sprintf("10000 %d\n0\n", 3<<20), out)
}

func TestFiftySmallMessagesAndAnExitAllArrive(t *testing.T) {
	out := underNode(t, "ipc-exit", `
		const c = child();
		let n = 0;
		c.on('message', m => { if (m === n) n++; });
		c.on('close', code => console.log(n, code));`)
	require.Equal(t, "50 0\n", out)
}

//brood:checks N146
func TestAGoChildThatDisconnects(t *testing.T) {
	out := underNode(t, "ipc-disconnect", `
		const c = child();
		c.on('message', m => console.log(m));
		c.on('disconnect', () => console.log('disconnect', c.connected));
		c.on('exit', code => process.on('exit', () => console.log(code)));`)
	require.Equal(t, "bye\ndisconnect false\n0\n", out)
}

func TestAGoChildThatDiesInTheMiddleOfAMessage(t *testing.T) {
	out := underNode(t, "ipc-die", `
		const c = child();
		c.on('message', m => console.log(m));
		c.on('disconnect', () => console.log('disconnect'));
		c.on('exit', (code, signal) => process.on('exit', () => console.log(code, signal)));`)
	require.Equal(t, "whole\ndisconnect\nnull SIGKILL\n", out)
}

//brood:checks S070 N133
func TestGrandchildrenGetNoChannel(t *testing.T) {
	out := underNode(t, "ipc-environment", `child().on('message', m => console.log(m));`)
	require.Equal(t, "done\n", out)
}

//brood:checks S068 N144 N145
func TestTheChannelMayBeOnAnySlot(t *testing.T) {
	for _, stdio := range []string{"['ipc', 1, 2]", "[0, 'ipc', 2]", "[0, 1, 'ipc']", "[0, 1, 2, null, null, null, null, 'ipc']"} {
		out := underNode(t, "ipc-echo", `
			const c = child({stdio: `+stdio+`});
			c.send('hello');
			c.on('message', m => { console.log(m); c.disconnect(); });
			c.on('disconnect', () => console.log('disconnect'));
			c.on('exit', code => console.log(code));`)
		require.Equal(t, "hello\ndisconnect\n0\n", out, stdio)
	}
}

//brood:checks N158
func TestMessagesFromANodeParentThatWasFaster(t *testing.T) {
	out := underNode(t, "ipc-echo", `
		const c = child();
		c.send(1); c.send(2);
		const got = [];
		c.on('message', m => { got.push(m); if (got.length === 2) { console.log(got.join()); c.disconnect(); } });`)
	require.Equal(t, "1,2\n", out)
}
