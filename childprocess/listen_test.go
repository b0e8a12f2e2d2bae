package childprocess_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// listen-fds writes the sockets that it was passed, and those that a child of its own finds.
	// With "accept" it answers the first connection.
	helperproc.Register("listen-fds", func(args []string) {
		files, err := childprocess.ListenFDs()
		if failed, ok := errors.AsType[*childprocess.ListenError](err); ok {
			fmt.Print("error ", failed.Variable, " ", unix.ErrnoName(failed.Err.(unix.Errno)), " ")
		}
		for _, f := range files {
			var flags int
			check(0, check(f.SyscallConn()).Control(func(n uintptr) { flags = check(unix.FcntlInt(n, unix.F_GETFD, 0)) }))
			fmt.Print(f.Name(), " ", flags == unix.FD_CLOEXEC, " ")
		}
		again := check(childprocess.ListenFDs())
		fmt.Print(len(again), " ", string(check(exec.Command("/bin/sh", "-c", "echo -n $LISTEN_PID$LISTEN_PIDFDID$LISTEN_FDS$LISTEN_FDNAMES").Output())))
		if len(args) > 0 {
			conn := check(check(net.FileListener(files[0])).Accept())
			check(conn.Write([]byte("hello from a service")))
			check(0, conn.Close())
		}
	})
}

// activated starts listen-fds as a service manager does: "self" in LISTEN_PID becomes its own
// number. The slots from 3 on are its sockets.
func activated(env string, passed []childprocess.Stdio) *childprocess.Options {
	o := &childprocess.Options{Stdio: append([]childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, childprocess.Pipe}, passed...)}
	o.Env = append(os.Environ(), "SETTING="+env)
	return o
}

// activation is a script that sets the variables in SETTING and executes a program.
const activation = `for v in $SETTING; do export "${v%%=*}=$(echo "${v#*=}" | sed "s/self/$$/")"; done; exec "$@"`

func startActivated(t *testing.T, env string, passed []childprocess.Stdio, args ...string) (said func() string) {
	t.Helper()
	l := newLoop(t)
	file, argv := helperproc.Command("listen-fds", args...)
	c := spawn(t, l, "/bin/sh", append([]string{"-c", activation, "sh", file}, argv...), activated(env, passed))
	return func() string { return output(t, l, c) }
}

func TestListenFDsReturnsTheSocketsOfAServiceManager(t *testing.T) {
	noNewFDs(t)
	listener := check(net.ListenUnix("unix", &net.UnixAddr{Name: t.TempDir() + "/socket", Net: "unix"}))
	defer listener.Close()
	socket := check(listener.File())
	defer socket.Close()
	null := check(os.Open(os.DevNull))
	defer null.Close()
	passed := []childprocess.Stdio{childprocess.File(socket), childprocess.File(null)}

	answer := make(chan string, 1)
	go func() { // It ends with the answer of the child.
		conn, err := net.Dial("unix", listener.Addr().String())
		if err != nil {
			answer <- err.Error()
			return
		}
		defer conn.Close()
		text := make([]byte, 64)
		n, _ := conn.Read(text)
		answer <- string(text[:n])
	}()
	said := startActivated(t, "LISTEN_PID=self LISTEN_FDS=2 LISTEN_FDNAMES=web:null", passed, "accept")
	require.Equal(t, "web true null true 0 ", said())
	require.Equal(t, "hello from a service", <-answer)

	for env, want := range map[string]string{
		"LISTEN_PID=self LISTEN_FDS=1":                          "unknown true 0 ",
		"LISTEN_PID=1 LISTEN_FDS=2":                             "0 ",
		"LISTEN_FDS=2":                                          "0 ",
		"":                                                      "0 ",
		"LISTEN_PID=me LISTEN_FDS=2":                            "error LISTEN_PID EINVAL 0 ",
		"LISTEN_PID=-5 LISTEN_FDS=2":                            "error LISTEN_PID EINVAL 0 ",
		"LISTEN_PID=self":                                       "error LISTEN_FDS EINVAL 0 ",
		"LISTEN_PID=self LISTEN_FDS=0":                          "error LISTEN_FDS EINVAL 0 ",
		"LISTEN_PID=self LISTEN_FDS=many":                       "error LISTEN_FDS EINVAL 0 ",
		"LISTEN_PID=self LISTEN_FDS=99999999999":                "error LISTEN_FDS EINVAL 0 ",
		"LISTEN_PID=self LISTEN_FDS=2000000":                    "error LISTEN_FDS EBADF 0 ",
		"LISTEN_PID=self LISTEN_FDS=2 LISTEN_FDNAMES=one":       "error LISTEN_FDNAMES EINVAL 0 ",
		"LISTEN_PID=self LISTEN_FDS=2 LISTEN_FDNAMES=a:b:c":     "error LISTEN_FDNAMES EINVAL 0 ",
		"LISTEN_PID=self LISTEN_FDS=2 LISTEN_FDNAMES=same:same": "same true same true 0 ",
	} {
		said := startActivated(t, env, passed)
		require.Equal(t, want, said(), env)
	}
}

func TestSystemdPassesSocketsToAProgram(t *testing.T) {
	tool, err := exec.LookPath("systemd-socket-activate")
	if err != nil {
		t.Skip("systemd-socket-activate is not here: ", err)
	}
	l := newLoop(t)
	address := t.TempDir() + "/socket"
	file, argv := helperproc.Command("listen-fds", "accept")
	c := spawn(t, l, tool, append([]string{"--listen=" + address, "--fdname=web", file}, argv...), nil)
	answer := make(chan string, 1)
	var ready strings.Builder
	c.Stderr.OnData(func(chunk []byte) {
		before := strings.Contains(ready.String(), "Listening on")
		ready.Write(chunk)
		if !before && strings.Contains(ready.String(), "Listening on") {
			go func() { // It ends with the answer of the child.
				conn, err := net.Dial("unix", address)
				if err != nil {
					answer <- err.Error()
					return
				}
				defer conn.Close()
				text := make([]byte, 64)
				n, _ := conn.Read(text)
				answer <- string(text[:n])
			}()
		}
	})
	require.Contains(t, output(t, l, c), "web true 0 ")
	require.Equal(t, "hello from a service", <-answer)
}
