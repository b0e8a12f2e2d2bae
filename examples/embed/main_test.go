package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/examples/internal/program"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// The commands that clients have the server run.
func init() {
	// descriptors prints the descriptors it was started with. Those that the Go runtime has opened
	// since are close-on-exec, which an inherited one cannot be.
	helperproc.Register("descriptors", func([]string) {
		var list []int
		for fd := range leakcheck.FDs() {
			if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
				list = append(list, fd)
			}
		}
		slices.Sort(list)
		fmt.Println(list)
	})

	// flood connects to an address, so that its end can be seen there, and then prints without end.
	helperproc.Register("flood", func(args []string) {
		conn, err := net.Dial("tcp", args[0])
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		for {
			fmt.Println("flood")
		}
	})

	// both prints a line of a number of bytes to each of stdout and stderr, at the same time.
	helperproc.Register("both", func(args []string) {
		size := 0
		if _, err := fmt.Sscan(args[0], &size); err != nil {
			panic(err)
		}
		done := make(chan error)
		write := func(f *os.File, letter string) {
			_, err := f.WriteString(strings.Repeat(letter, size-1) + "\n")
			done <- err
		}
		go write(os.Stdout, "o") // Both end before the helper does, which waits for them here.
		go write(os.Stderr, "e")
		for range 2 {
			if err := <-done; err != nil {
				panic(err)
			}
		}
	})
}

// helper is the command line of a helper program.
func helper(t *testing.T, name string, args ...string) string {
	t.Helper()
	file, argv := helperproc.Command(name, args...)
	line := strings.Join(append([]string{file}, argv...), " ")
	require.Len(t, strings.Fields(line), 1+len(argv), "the server splits commands at blanks, so there can be none in %q", line)
	return line
}

// testServer is the real program, running.
type testServer struct {
	cmd    *exec.Cmd
	addr   string
	stdout *bufio.Reader
	stderr strings.Builder
}

func startServer(t *testing.T) *testServer {
	t.Helper()
	s := &testServer{cmd: program.Command(t, "-addr", "127.0.0.1:0")}
	// Its commands will be in its process group.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.cmd.Stderr = &s.stderr
	stdout, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	program.Start(t, s.cmd)
	s.stdout = bufio.NewReader(stdout)
	line, err := s.stdout.ReadString('\n')
	require.NoError(t, err)
	_, err = fmt.Sscanf(line, "listening on %s\n", &s.addr)
	require.NoError(t, err, "%q", line)
	return s
}

// stop ends the server by a signal and checks that nothing is left of it.
func (s *testServer) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	rest, err := io.ReadAll(s.stdout)
	require.NoError(t, err)
	require.NoError(t, s.cmd.Wait(), "%s", &s.stderr)
	require.Equal(t, "stopped by SIGTERM\n", string(rest))
	require.Empty(t, s.stderr.String())
	require.ErrorIs(t, syscall.Kill(-s.cmd.Process.Pid, 0), syscall.ESRCH, "a process of its group is left")
}

// testClient is one connection to the server.
type testClient struct {
	t *testing.T
	*net.TCPConn
	text *bufio.Reader
}

func (s *testServer) connect(t *testing.T) *testClient {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() }) // A test may have closed it.
	return &testClient{t, conn.(*net.TCPConn), bufio.NewReader(conn)}
}

func (c *testClient) send(text string) {
	c.t.Helper()
	_, err := c.Write([]byte(text))
	require.NoError(c.t, err)
}

func (c *testClient) line() string {
	c.t.Helper()
	line, err := c.text.ReadString('\n')
	require.NoError(c.t, err, "after %q", line)
	return line
}

// result reads to the end of a command and returns everything, with the status line.
func (c *testClient) result() string {
	c.t.Helper()
	var all strings.Builder
	for {
		line := c.line()
		all.WriteString(line)
		if strings.HasPrefix(line, "# ") {
			return all.String()
		}
	}
}

func TestOutputAndStatusOfCommands(t *testing.T) {
	s := startServer(t)
	c := s.connect(t)
	for _, row := range []struct{ command, want string }{
		{"echo hello  world", "hello world\n# exit status 0\n"},
		{"  echo blanks around\t\r", "blanks around\n# exit status 0\n"},
		{"false", "# exit status 1\n"},
		{"nosuch", "# spawn nosuch: ENOENT: no such file or directory\n"},
		{"/dev/null", "# spawn /dev/null: EACCES: permission denied\n"},
		{"cat", "# exit status 0\n"}, // Its stdin is empty.
		{"echo $HOME | cat; exit 3", "$HOME | cat; exit 3\n# exit status 0\n"},
		{helper(t, "descriptors"), "[0 1 2]\n# exit status 0\n"},
	} {
		c.send(row.command + "\n")
		require.Equal(t, row.want, c.result(), "%q", row.command)
	}
	s.stop(t)
}

func TestCommandsOfAClientRunInTurnHoweverTheyArrive(t *testing.T) {
	s := startServer(t)
	c := s.connect(t)
	c.send("echo 1\n\n \necho 2\necho 3\nec")
	require.Equal(t, "1\n# exit status 0\n", c.result())
	require.Equal(t, "2\n# exit status 0\n", c.result())
	require.Equal(t, "3\n# exit status 0\n", c.result())
	c.send("ho 4")
	c.send("\n")
	require.Equal(t, "4\n# exit status 0\n", c.result())
	s.stop(t)
}

func TestASlowClientHoldsUpNobody(t *testing.T) {
	const last = 1_000_000
	s := startServer(t)
	slow, other := s.connect(t), s.connect(t)
	slow.send(fmt.Sprintf("seq 1 %d\necho next\n", last))
	require.Equal(t, "1\n", slow.line())
	for i := range 20 {
		other.send(fmt.Sprintf("echo %d\n", i))
		require.Equal(t, fmt.Sprintf("%d\n# exit status 0\n", i), other.result())
	}
	var want strings.Builder
	for i := 2; i <= last; i++ {
		fmt.Fprintln(&want, i)
	}
	got := make([]byte, want.Len())
	_, err := io.ReadFull(slow.text, got)
	require.NoError(t, err)
	require.True(t, string(got) == want.String(), "every number, once and in order")
	require.Equal(t, "# exit status 0\n", slow.result())
	require.Equal(t, "next\n# exit status 0\n", slow.result())
	s.stop(t)
}

func TestBothOutputsReachASlowClient(t *testing.T) {
	const size = 4 << 20
	s := startServer(t)
	slow, other := s.connect(t), s.connect(t)
	slow.send(helper(t, "both", fmt.Sprint(size)) + "\n")
	first, err := slow.text.ReadByte()
	require.NoError(t, err)
	other.send("echo meanwhile\n")
	require.Equal(t, "meanwhile\n# exit status 0\n", other.result())

	text, ok := strings.CutSuffix(string(first)+slow.result(), "# exit status 0\n")
	require.True(t, ok)
	require.Equal(t, size-1, strings.Count(text, "o"))
	require.Equal(t, size-1, strings.Count(text, "e"))
	require.Len(t, text, 2*size)
	s.stop(t)
}

func TestCommandsSeeNoneOfTheServersDescriptors(t *testing.T) {
	s := startServer(t)
	clients := make([]*testClient, 8)
	for i := range clients {
		clients[i] = s.connect(t)
	}
	// All at once, so that connections are accepted while commands are started.
	for _, c := range clients {
		c.send(helper(t, "descriptors") + "\n")
	}
	for _, c := range clients {
		require.Equal(t, "[0 1 2]\n# exit status 0\n", c.result())
	}
	s.stop(t)
}

// flooding has a client run a command without end, whose output it does not read beyond the
// beginning, and returns the command's connection to the test. That ends when the command does.
func flooding(t *testing.T, c *testClient) net.Conn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	c.send(helper(t, "flood", ln.Addr().String()) + "\n")
	conn, err := ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.Equal(t, "flood\n", c.line())
	return conn
}

// requireEnds waits for the end of a command.
func requireEnds(t *testing.T, command net.Conn) {
	t.Helper()
	data, err := io.ReadAll(command)
	if err != nil {
		require.ErrorIs(t, err, syscall.ECONNRESET)
	}
	require.Empty(t, data)
}

func TestAClientThatDisconnectsEndsItsCommand(t *testing.T) {
	s := startServer(t)
	c, other := s.connect(t), s.connect(t)
	command := flooding(t, c)
	require.NoError(t, c.Close())
	requireEnds(t, command)
	other.send("echo still here\n")
	require.Equal(t, "still here\n# exit status 0\n", other.result())
	s.stop(t)
}

func TestTheServersEndEndsTheCommands(t *testing.T) {
	s := startServer(t)
	one, two := s.connect(t), s.connect(t)
	commands := []net.Conn{flooding(t, one), flooding(t, two)}
	s.stop(t)
	for _, c := range commands {
		requireEnds(t, c)
	}
}

func TestAClientThatSendsTooMuchIsDisconnected(t *testing.T) {
	s := startServer(t)
	c := s.connect(t)
	c.send(strings.Repeat("x", maxInput+1))
	require.Equal(t, "# too much input\n", c.line())
	_, err := io.ReadAll(c.text)
	if err != nil {
		require.ErrorIs(t, err, syscall.ECONNRESET)
	}
	s.stop(t)
}

func TestAnAddressThatCannotBeListenedOn(t *testing.T) {
	s := startServer(t)
	r := program.Run(t, program.Command(t, "-addr", s.addr))
	require.Equal(t, program.Result{
		Stderr: "embed: listen tcp " + s.addr + ": bind: address already in use\n",
		Code:   1,
	}, r)
	s.stop(t)
}

func TestTheRunThatIsRecorded(t *testing.T) {
	_, recorded := program.Recorded(t)
	s := startServer(t)
	c := s.connect(t)
	c.send("echo hello\n")
	shown := "listening on " + s.addr + "\n" + c.result()
	require.Equal(t, program.Shape(strings.Join(strings.SplitAfter(recorded, "\n")[:3], "")), program.Shape(shown))
	require.True(t, strings.HasSuffix(recorded, "\nstopped by SIGTERM\n"), "as stop checks")
	s.stop(t)
}
