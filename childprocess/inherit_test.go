package childprocess_test

import (
	"io"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/streams"
)

func init() {
	// serve-once answers one connection of the listener on its descriptor 3.
	helperproc.Register("serve-once", func([]string) {
		ln := check(net.FileListener(os.NewFile(3, "listener")))
		conn := check(ln.Accept())
		check(conn.Write([]byte("served")))
		must(conn.Close())
	})

	// pause-stdin stops reading its stdin, which does not end.
	helperproc.Register("pause-stdin", func([]string) {
		l := check(openLoop())
		stdin := check(streams.NewReadable(l, 0, nil))
		stdin.Pause()
		stdin.Resume()
		stdin.OnData(func(chunk []byte) {
			writeAll(1, chunk)
			stdin.Pause()
		})
		must(l.Run())
		must(l.Close())
	})
}

//brood:checks N184
func TestADetachedChildServesAListenerWhenItsParentIsGone(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	require.NoError(t, err)
	defer file.Close()

	l := newLoop(t)
	server, argv := helperproc.Command("serve-once")
	o := &childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.File(file)}}
	parent := startWith(t, l, o, "orphan", append([]string{server}, argv...)...)
	output(t, l, parent) // The parent has exited.

	conn, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, "served", string(answer))
}

//brood:checks N183
func TestAChildThatPausesItsStdinEnds(t *testing.T) {
	for _, name := range []string{"Go", "Node"} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			file, argv := helperproc.Command("pause-stdin")
			if name == "Node" {
				file = looptest.NodePath(t)
				argv = []string{"-e", `process.stdin.resume(); process.stdin.pause(); process.stdout.write('text')`}
			}
			c := spawn(t, l, file, argv, nil)
			_, err := c.Stdin.WriteString("text") // Its stdin stays open.
			require.NoError(t, err)
			require.Equal(t, "text", output(t, l, c))
		})
	}
}
