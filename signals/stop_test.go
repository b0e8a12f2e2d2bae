package signals_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

func init() {
	// stop-on is a program that runs until it is stopped. Its args are its reaction to that, the
	// window, and the signals.
	helperproc.Register("stop-on", func(args []string) {
		window, err := time.ParseDuration(args[1])
		must(err)
		var which []signals.Signal
		for _, name := range args[2:] {
			s, err := signals.Parse(name)
			must(err)
			which = append(which, s)
		}
		l, err := reactor.New(nil)
		must(err)
		release := l.Hold()
		stop, err := signals.StopOnWithin(l, func(s signals.Signal) {
			fmt.Println("stopping by", signals.Name(s))
			switch args[0] {
			case "ends":
				release()
			case "hangs":
				select {}
			}
		}, window, which...)
		must(err)
		if args[0] == "closes" {
			stop.Close()
		}
		fmt.Println("ready")
		must(l.Run())
		must(l.Close())
		fmt.Println("ended after", signals.Name(stop.Signal()))
	})
	// default-stop-on also calls Default, so that SIGQUIT ends it as it ends programs that are not
	// written in Go. Its args are signals that stop it besides SIGQUIT.
	helperproc.Register("default-stop-on", func(args []string) {
		must(signals.Default(unix.SIGQUIT))
		l, err := reactor.New(nil)
		must(err)
		l.Hold()
		var which []signals.Signal
		for _, name := range args {
			s, err := signals.Parse(name)
			must(err)
			which = append(which, s)
		}
		which = append(which, unix.SIGQUIT)
		_, err = signals.StopOnWithin(l, func(s signals.Signal) { fmt.Println("stopping by", signals.Name(s)) }, 0, which...)
		must(err)
		fmt.Println("ready")
		must(l.Run())
	})
}

// A stoppable is a running program that signals stop.
type stoppable struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *bufio.Reader
	pipe   *os.File
}

func startStoppable(t *testing.T, cmd *exec.Cmd) *stoppable {
	t.Helper()
	// A child of a program that ignores SIGINT, such as a background job of a script, would ignore
	// it too.
	notify(t, unix.SIGINT)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // It has ended, unless the test has failed.
		_ = cmd.Wait()
	})
	p := &stoppable{t, cmd, bufio.NewReader(stdout), stdout.(*os.File)}
	p.patience(looptest.HangLimit())
	p.says("ready")
	return p
}

// patience bounds how long an output of the program may take.
func (p *stoppable) patience(d time.Duration) {
	p.t.Helper()
	require.NoError(p.t, p.pipe.SetReadDeadline(time.Now().Add(d)))
}

func (p *stoppable) says(want string) {
	p.t.Helper()
	line, err := p.stdout.ReadString('\n')
	require.NoError(p.t, err, "after %q", line)
	require.Equal(p.t, want+"\n", line)
}

func (p *stoppable) send(s signals.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(s))
}

// end waits for the end of the program, which must print no more.
func (p *stoppable) end() syscall.WaitStatus {
	p.t.Helper()
	rest, err := io.ReadAll(p.stdout)
	require.NoError(p.t, err)
	require.Empty(p.t, string(rest))
	_ = p.cmd.Wait() // The status says it.
	return p.cmd.ProcessState.Sys().(syscall.WaitStatus)
}

func TestTheFirstSignalStopsGently(t *testing.T) {
	// Without this signal the Go runtime ends a program that waits for a timer, here for the
	// window.
	sandbox.Need(t, "eventfd2")
	for _, which := range []string{"", "SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"} {
		// Without arguments the signals are SIGINT and SIGTERM.
		args, send := []string{"ends", "1h"}, []string{"SIGINT", "SIGTERM"}
		if which != "" {
			args, send = append(args, which), []string{which}
		}
		for _, name := range send {
			s, err := signals.Parse(name)
			require.NoError(t, err)
			p := startStoppable(t, helper("stop-on", args...))
			p.send(s)
			p.says("stopping by " + name)
			p.says("ended after " + name)
			require.Equal(t, syscall.WaitStatus(0), p.end())
		}
	}
}

func TestTheSecondSignalEndsTheProcess(t *testing.T) {
	// With a running loop, and with a stuck one.
	for _, how := range []string{"stays", "hangs"} {
		for _, second := range []signals.Signal{unix.SIGINT, unix.SIGTERM} {
			p := startStoppable(t, helper("stop-on", how, "0s"))
			p.send(unix.SIGINT)
			p.says("stopping by SIGINT")
			if second == unix.SIGINT {
				p.sendUntilItEnds(second)
			} else {
				p.send(second)
			}
			status := p.end()
			require.True(t, status.Signaled(), "%v", p.cmd.ProcessState)
			require.Equal(t, second, status.Signal())
		}
	}
}

// sendUntilItEnds sends the first signal again until the program ends. Repetitions in the window do
// not count.
func (p *stoppable) sendUntilItEnds(s signals.Signal) {
	p.t.Helper()
	for deadline := time.Now().Add(looptest.HangLimit()); ; {
		require.True(p.t, time.Now().Before(deadline), "it does not end")
		p.send(s)
		p.patience(10 * time.Millisecond)
		if _, err := p.stdout.Peek(1); err == io.EOF {
			p.patience(looptest.HangLimit())
			return
		}
	}
}

func TestTheSameSignalInTheWindowIsTheSameRequest(t *testing.T) {
	// Without this signal the Go runtime ends a program that waits for a timer, here for the
	// window.
	sandbox.Need(t, "eventfd2")
	p := startStoppable(t, helper("stop-on", "stays", "1h"))
	p.send(unix.SIGTERM)
	p.says("stopping by SIGTERM")
	for range 100 {
		p.send(unix.SIGTERM)
	}
	p.send(unix.SIGINT)
	status := p.end()
	require.True(t, status.Signaled(), "%v", p.cmd.ProcessState)
	require.Equal(t, unix.SIGINT, status.Signal())
}

func TestAnIgnoredSignalStaysIgnored(t *testing.T) {
	cmd := helper("stop-on", "stays", "0s")
	sh, err := exec.LookPath("sh")
	require.NoError(t, err)
	cmd.Args = append([]string{"sh", "-c", `trap "" INT; exec "$0" "$@"`}, cmd.Args...)
	cmd.Path = sh
	p := startStoppable(t, cmd)
	p.send(unix.SIGINT)
	p.send(unix.SIGTERM)
	p.says("stopping by SIGTERM")
	p.send(unix.SIGINT)
	p.sendUntilItEnds(unix.SIGTERM)
	require.Equal(t, unix.SIGTERM, p.end().Signal())
}

func TestAClosedStopperRestoresTheSignals(t *testing.T) {
	p := startStoppable(t, helper("stop-on", "closes", "1h"))
	p.send(unix.SIGTERM)
	status := p.end()
	require.True(t, status.Signaled(), "%v", p.cmd.ProcessState)
	require.Equal(t, unix.SIGTERM, status.Signal())
}

func TestAfterDefaultTheSecondSignalHasTheSystemsDefault(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Default is Linux's")
	}
	p := startStoppable(t, helper("default-stop-on"))
	p.send(unix.SIGQUIT)
	p.says("stopping by SIGQUIT")
	p.sendUntilItEnds(unix.SIGQUIT)
	require.Equal(t, unix.SIGQUIT, p.end().Signal())
}

func TestAfterDefaultTheRuntimesHandlerIsNeverInForce(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Default is Linux's")
	}
	for i := range 40 {
		others := []string{"SIGTERM", "SIGINT", "SIGHUP"}
		p := startStoppable(t, helper("default-stop-on", others[:i%4]...))
		p.send(unix.SIGQUIT)
		p.says("stopping by SIGQUIT")
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = p.stdout.Peek(1) // EOF
		}()
		for running := true; running; {
			select {
			case <-ended:
				running = false
			default:
				p.send(unix.SIGQUIT)
			}
		}
		require.Equal(t, unix.SIGQUIT, p.end().Signal())
	}
}

// cameBefore waits until the Stopper has the signal.
func cameBefore(t *testing.T, stop *signals.Stopper, s signals.Signal) {
	t.Helper()
	eventually(t, "the signal comes", func() bool { return stop.Signal() == s })
}

func TestAStopperDoesNotKeepRunAlive(t *testing.T) {
	l := newLoop(t)
	others := notify(t, usr1)
	var got []signals.Signal
	stop, err := signals.StopOn(l, func(s signals.Signal) { got = append(got, s) }, usr1)
	require.NoError(t, err)
	run(t, l)
	require.Empty(t, got)
	send(t, usr1)
	cameBefore(t, stop, usr1)
	require.Empty(t, got, "it is called on the loop goroutine only")
	looptest.Until(t, l, func() bool { return len(got) > 0 })
	require.Equal(t, []signals.Signal{usr1}, got)
	receive(t, others, "what the program itself asked for")
}

func TestAClosedStopperIsNotCalled(t *testing.T) {
	l := newLoop(t)
	notify(t, usr1)
	stop, err := signals.StopOn(l, func(signals.Signal) { require.Fail(t, "called") }, usr1)
	require.NoError(t, err)
	send(t, usr1)
	cameBefore(t, stop, usr1)
	stop.Close()
	stop.Close()
	run(t, l)
}

func TestStoppersOfOneLoopAreAllCalledAndClosedWithIt(t *testing.T) {
	l := newLoop(t)
	notify(t, usr1)
	called := 0
	var stops []*signals.Stopper
	for range 3 {
		stop, err := signals.StopOn(l, func(signals.Signal) { called++ }, usr1)
		require.NoError(t, err)
		stops = append(stops, stop)
	}
	send(t, usr1)
	looptest.Until(t, l, func() bool { return called == 3 })
	require.Equal(t, 3, called)
	require.NoError(t, l.Close())
	for _, stop := range stops {
		stop.Close()
	}
}

func TestStopOnRefusesSignalsThatCannotBeWatched(t *testing.T) {
	l := newLoop(t)
	nothing := func(signals.Signal) {}
	_, err := signals.StopOn(l, nothing, unix.SIGTERM, unix.SIGKILL)
	require.Equal(t, &signals.WatchError{Signal: unix.SIGKILL, Err: signals.ErrUncatchable}, err)
	require.PanicsWithValue(t, "signals: StopOn on a nil Loop", func() { _, _ = signals.StopOn(nil, nothing) })
	require.PanicsWithValue(t, "signals: StopOn: nil callback", func() { _, _ = signals.StopOn(l, nil) })
	require.NoError(t, l.Close())
	_, err = signals.StopOn(l, nothing)
	require.ErrorIs(t, err, reactor.ErrClosed)
	require.True(t, strings.HasPrefix(err.Error(), "signals: watch SIGINT: "), "%v", err)
}

func ExampleStopOn() {
	loop, err := reactor.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	work := loop.SetInterval(time.Second, func() {})
	_, err = signals.StopOn(loop, func(s signals.Signal) {
		fmt.Println("stopping after", signals.Name(s))
		work.Stop() // Nothing else holds the loop: Run returns.
	})
	if err != nil {
		log.Fatal(err)
	}
	loop.SetImmediate(func() { _ = syscall.Kill(os.Getpid(), syscall.SIGTERM) })
	if err := loop.Run(); err != nil {
		log.Fatal(err)
	}
	// Output: stopping after SIGTERM
}
