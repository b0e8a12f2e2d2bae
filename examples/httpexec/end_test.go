package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
)

// meet has a helper connect to the test.
func meet(addr string) net.Conn {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		panic(err)
	}
	return conn
}

// hear waits for the end of the connection to the test, or for what it says.
func hear(conn net.Conn) string {
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSuffix(line, "\n")
}

// The commands that clients run here. Each tells the test that it is there by connecting to it.
func init() {
	helperproc.Register("waits", func(args []string) { hear(meet(args[0])) })

	// step prints a line whenever the test asks for one.
	helperproc.Register("step", func(args []string) {
		conn := meet(args[0])
		for in := bufio.NewScanner(conn); in.Scan(); {
			fmt.Println(in.Text())
		}
	})

	// family is a process, its child, and so on, args[1] of them, of which none ends by SIGTERM.
	helperproc.Register("family", func(args []string) {
		signal.Ignore(syscall.SIGTERM)
		conn := meet(args[0])
		if n, err := strconv.Atoi(args[1]); err != nil {
			panic(err)
		} else if n > 1 {
			file, argv := helperproc.Command("family", args[0], strconv.Itoa(n-1))
			if err := exec.Command(file, argv...).Start(); err != nil {
				panic(err)
			}
		}
		hear(conn)
	})

	// escape leaves a process behind that has its pipes, and a session of its own.
	helperproc.Register("escape", func(args []string) {
		file, argv := helperproc.Command("waits", args[0])
		cmd := exec.Command(file, argv...)
		cmd.Stdout = os.Stdout
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			panic(err)
		}
	})

	// gentle prints a last line when it is told to end.
	helperproc.Register("gentle", func(args []string) {
		told := make(chan os.Signal, 1)
		signal.Notify(told, syscall.SIGTERM)
		conn := meet(args[0])
		defer conn.Close()
		fmt.Println("ready")
		<-told
		fmt.Println("last words")
	})

	// flood prints lines up to a number of bytes. When stdout takes nothing for a second it tells
	// the test how many it has taken, and waits for an answer before it goes on.
	helperproc.Register("flood", func(args []string) {
		conn := meet(args[0])
		line := []byte(strings.Repeat("x", lineSize-1) + "\n")
		if err := unix.SetNonblock(1, true); err != nil {
			panic(err)
		}
		for written := 0; written < floodSize; {
			n, err := unix.Write(1, line[written%len(line):])
			written += max(n, 0)
			if errors.Is(err, unix.EAGAIN) && !writable(time.Second) {
				fmt.Fprintln(conn, written)
				hear(conn)
				writable(-1)
			}
		}
		fmt.Fprintln(conn, "done")
	})
}

const (
	floodSize = 128 << 20 // more than pipes and sockets hold, in bytes
	lineSize  = 1000      // of its lines; the last one begins within floodSize
)

// writable waits until stdout takes something, and reports whether it does.
func writable(limit time.Duration) bool {
	ms := -1
	if limit >= 0 {
		ms = int(limit.Milliseconds())
	}
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: 1, Events: unix.POLLOUT}}, ms)
		if err != unix.EINTR {
			return n > 0
		}
	}
}

func TestLinesArriveWhileTheCommandRuns(t *testing.T) {
	m := newMeeting(t)
	s := start(t, map[string][]string{"step": m.command("step")})
	r := s.get("/run/step")
	p := m.next()
	for i := range 5 {
		fmt.Fprintf(p, "line %d\n", i)
		require.Equal(t, event{"stdout", fmt.Sprintf("line %d", i)}, r.event())
	}
	require.NoError(t, p.Close())
	require.Equal(t, event{"exit", "exit status 0"}, r.event())
	s.stop()
}

func TestAClientThatGoesLeavesNoProcess(t *testing.T) {
	m := newMeeting(t)
	s := start(t, map[string][]string{"family": m.command("family", "3"), "waits": m.command("waits")}, "-grace", "100ms", "-most", "1")
	r := s.get("/run/family")
	processes := []*process{m.next(), m.next(), m.next()}
	r.gone()
	for _, p := range processes {
		p.ends()
	}
	s.runsAgain(m)
	s.stop()
}

func TestAProcessThatEscapesDoesNotKeepThePlaceOfItsCommand(t *testing.T) {
	m := newMeeting(t)
	s := start(t, map[string][]string{"escape": m.command("escape"), "waits": m.command("waits")}, "-grace", "100ms", "-most", "1")
	r := s.get("/run/escape")
	p := m.next()
	r.gone()
	s.runsAgain(m)
	require.NoError(t, p.Close()) // It ends by that.
	s.stop()
}

// runsAgain waits until the place of a command is free, and runs another one there.
func (s *testServer) runsAgain(m *meeting) {
	s.t.Helper()
	for {
		next := s.get("/run/waits")
		if next.resp.StatusCode == http.StatusOK {
			require.NoError(s.t, m.next().Close())
			require.Equal(s.t, event{"exit", "exit status 0"}, next.event())
			return
		}
	}
}

func TestTheEndOfTheServerEndsTheCommandsGently(t *testing.T) {
	m := newMeeting(t)
	s := start(t, map[string][]string{"gentle": m.command("gentle"), "family": m.command("family", "1")}, "-grace", "3s")
	gentle, family := s.get("/run/gentle"), s.get("/run/family")
	processes := []*process{m.next(), m.next()}
	require.Equal(t, event{"stdout", "ready"}, gentle.event())
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.Equal(t, "event: stdout\ndata: last words\n\nevent: exit\ndata: exit status 0\n\n", gentle.rest())
	require.Equal(t, "event: exit\ndata: signal: SIGKILL\n\n", family.rest())
	for _, p := range processes {
		p.ends()
	}
	s.end()
}

func TestTheSecondSignalEndsTheServerAtOnce(t *testing.T) {
	m := newMeeting(t)
	s := start(t, map[string][]string{"family": m.command("family", "1")}, "-grace", "1h")
	s.get("/run/family")
	p := m.next()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	for { // Until it has heard the first one.
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			break
		}
		require.NoError(t, conn.Close())
	}
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGINT))
	require.Error(t, s.cmd.Wait())
	require.Equal(t, syscall.SIGINT, s.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
	if deathSignal == 0 {
		require.NoError(t, p.Close()) // The helper ends by that.
		return
	}
	p.ends()
}

func TestACommandWaitsForAClientThatReadsSlowly(t *testing.T) {
	m := newMeeting(t)
	s := start(t, map[string][]string{"flood": m.command("flood")})
	r := s.get("/run/flood")
	p := m.next()
	line, err := p.text.ReadString('\n')
	require.NoError(t, err)
	written := 0
	_, err = fmt.Sscan(line, &written)
	require.NoError(t, err, "%q: the server has taken all that there was", line)
	require.Less(t, written, floodSize/4)

	require.NoError(t, p.Close()) // It goes on without telling.
	lines := 0
	want := event{"stdout", strings.Repeat("x", lineSize-1)}
	for e := r.event(); e.name == "stdout"; e = r.event() {
		require.Equal(t, want, e)
		lines++
	}
	require.Equal(t, floodSize/lineSize+1, lines)
	s.stop()
}
