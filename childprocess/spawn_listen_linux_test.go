package childprocess_test

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// replace-listens replaces itself by listen-fds, to which it passes its own stdin.
	helperproc.Register("replace-listens", func([]string) {
		file, argv := helperproc.Command("listen-fds")
		fail(childprocess.Replace(file, argv, &childprocess.Options{
			Stdio:     []childprocess.Stdio{childprocess.Ignore},
			ListenFDs: []childprocess.ListenFD{{Name: "in", Socket: os.Stdin}},
		}))
	})
}

// dialled connects to an address and returns the text that it reads there.
func dialled(address net.Addr) <-chan string {
	answer := make(chan string, 1)
	go func() { // It ends with the answer.
		conn, err := net.Dial(address.Network(), address.String())
		if err != nil {
			answer <- err.Error()
			return
		}
		defer conn.Close()
		text := make([]byte, 64)
		n, _ := conn.Read(text)
		answer <- string(text[:n])
	}()
	return answer
}

func TestAChildIsPassedSocketsAsByAServiceManager(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	t.Setenv("LISTEN_PID", "1")
	t.Setenv("LISTEN_FDS", "7")
	t.Setenv("LISTEN_PIDFDID", "1") // Another process's.
	null := check(os.Open(os.DevNull))
	defer null.Close()
	file, argv := helperproc.Command("listen-fds", "accept")
	namespace := childprocess.Options{Cloneflags: unix.CLONE_NEWPID}
	for name, o := range map[string]childprocess.Options{"plain": {}, "async": {Async: true}, "PID namespace": namespace, "with a channel": {Stdio: []childprocess.Stdio{3: childprocess.IPC}}} {
		t.Run(name, func(t *testing.T) {
			if o.Cloneflags != 0 {
				needRoot(t)
			}
			listener := check(net.Listen("unix", t.TempDir()+"/socket"))
			defer listener.Close()
			o.ListenFDs = []childprocess.ListenFD{{Name: "web", Socket: listener.(*net.UnixListener)}, {Socket: null}}
			answer := dialled(listener.Addr())
			l := newLoop(t)
			c := spawn(t, l, file, argv, &o)
			require.Equal(t, "web true unknown true 0 ", output(t, l, c))
			require.Equal(t, "hello from a service", <-answer)
			require.Equal(t, o.Stdio != nil, c.Channel() != nil)
		})
	}
	quiet, quietArgs := helperproc.Command("listen-fds")
	with := childprocess.Options{ListenFDs: []childprocess.ListenFD{{Name: "null", Socket: null}}}
	r := childprocess.SpawnSync(quiet, quietArgs, &childprocess.SyncOptions{Options: with})
	require.NoError(t, r.Err)
	require.Equal(t, "null true 0 ", string(r.Stdout))
	out, err := childprocess.OutputWith(t.Context(), &childprocess.RunOptions{Options: with}, quiet, quietArgs...)
	require.NoError(t, err)
	require.Equal(t, "null true 0 ", string(out))
	l := newLoop(t)
	require.Equal(t, "in true 0 ", output(t, l, start(t, l, "replace-listens")))
}

func TestInvalidListenFDsAreRefused(t *testing.T) {
	noNewFDs(t)
	null := check(os.Open(os.DevNull))
	defer null.Close()
	var none *net.TCPListener
	one := []childprocess.ListenFD{{Socket: null}}
	l := newLoop(t)
	for name, row := range map[string]struct {
		o   childprocess.Options
		bad string
	}{
		"nil":          {childprocess.Options{ListenFDs: []childprocess.ListenFD{{Name: "x"}}}, "ListenFDs[0]"},
		"nil pointer":  {childprocess.Options{ListenFDs: []childprocess.ListenFD{{Socket: null}, {Socket: none}}}, "ListenFDs[1]"},
		"colon":        {childprocess.Options{ListenFDs: []childprocess.ListenFD{{"a:b", null}}}, "ListenFDs[0]"},
		"control":      {childprocess.Options{ListenFDs: []childprocess.ListenFD{{"a\n", null}}}, "ListenFDs[0]"},
		"long":         {childprocess.Options{ListenFDs: []childprocess.ListenFD{{strings.Repeat("x", 256), null}}}, "ListenFDs[0]"},
		"two channels": {childprocess.Options{ListenFDs: one, Stdio: []childprocess.Stdio{3: childprocess.IPC, 5: childprocess.IPC}}, "Stdio[5]"},
		"slot above":   {childprocess.Options{ListenFDs: one, Stdio: []childprocess.Stdio{4: childprocess.Pipe}}, "Stdio[4]"},
	} {
		_, err := childprocess.Spawn(l, "true", nil, &row.o)
		bad, ok := errors.AsType[*childprocess.ArgumentError](err)
		require.True(t, ok, "%s: %v", name, err)
		require.Equal(t, row.bad, bad.Name, name)
		require.ErrorIs(t, childprocess.RunWith(t.Context(), &childprocess.RunOptions{Options: row.o}, "true"), unix.EINVAL, name)
		require.ErrorIs(t, childprocess.Replace("true", nil, &row.o), unix.EINVAL, name)
	}
	_, err := childprocess.Spawn(l, "true", nil, &childprocess.Options{ListenFDs: one, Backend: childprocess.BackendForkExec})
	unsupported, ok := errors.AsType[*childprocess.UnsupportedError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "ListenFDs", unsupported.Name)
	require.NoError(t, null.Close())
	if !plainFork() {
		_, err = childprocess.Spawn(l, "true", nil, &childprocess.Options{ListenFDs: one})
		require.ErrorIs(t, err, unix.EBADF)
	}
}
