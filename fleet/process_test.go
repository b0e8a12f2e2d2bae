package fleet_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// agentConfig configures an agent in a process of its own.
type agentConfig struct {
	URL, User, Password string
	Fleet               string // name of the fleet
	Name                string
	Queues              []string
	Workers             int

	DieAt  string // step at which the process sends itself SIGKILL
	StopAt string // step at which it sends itself SIGSTOP
	Mover  bool   // run a mover and no agent
}

func init() {
	helperproc.Register("agent", func(args []string) {
		var c agentConfig
		if err := json.Unmarshal([]byte(args[0]), &c); err != nil {
			panic(err)
		}
		if err := c.run(); err != nil {
			fmt.Fprintln(os.Stderr, "agent:", err)
			helperproc.Exit(1)
		}
	})
}

// run is the process. It prints "ready" and each event, and drains when its stdin ends.
func (c *agentConfig) run() error {
	options := &fleet.Options{URL: c.URL, Name: c.Fleet, User: c.User, Password: c.Password}
	goOn := make(chan os.Signal, 1)
	signal.Notify(goOn, syscall.SIGCONT)
	fleet.AtStep(options, func(step string) {
		switch step {
		case c.DieAt:
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // It is about to be killed.
		case c.StopAt:
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
			<-goOn // It is about to be stopped.
		}
	})
	f, err := fleet.Dial(options)
	if err != nil {
		return err
	}
	defer f.Close()
	if c.Mover {
		m, err := f.Mover()
		if err != nil {
			return err
		}
		defer m.Close()
		fmt.Println("ready")
		_, err = io.Copy(io.Discard, os.Stdin)
		return err
	}
	l, err := reactor.New(nil)
	if err != nil {
		return err
	}
	defer l.Close()
	p, err := pool.New(l, &pool.Options{Self: "worker", Max: c.Workers, CancelGrace: 100 * time.Millisecond, KillGrace: -1})
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	// It stops the loop, which ends the process.
	go func() { failed <- c.agent(f, l, p) }()
	if err := l.Run(); err != nil {
		return err
	}
	return <-failed
}

func (c *agentConfig) agent(f *fleet.Fleet, l *reactor.Loop, p *pool.Pool) error {
	defer func() {
		_ = l.Post(func() { p.Stop(&pool.StopOptions{DropWaiting: true, JobGrace: -1, DisconnectGrace: -1}, nil) })
	}()
	a, err := f.Agent(p, &fleet.AgentOptions{
		Name: c.Name, Loop: l, Queues: queues(c.Queues...), RetryMin: 10 * time.Millisecond,
		OnEvent: func(e fleet.Event) { fmt.Printf("%s %s %d\n", e.Kind, e.ID, e.Attempt) },
	})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	if _, err = io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	a.Drain(context.Background())
	return nil
}

// A process is an agent in a process of its own.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	in    io.Closer
	lines *bufio.Scanner
	left  []string // lines that until has skipped
	gone  bool
}

// start starts an agent and waits until it takes jobs.
func start(t testing.TB, c agentConfig) *process {
	t.Helper()
	c.Workers = max(c.Workers, 1)
	text, err := json.Marshal(c)
	require.NoError(t, err)
	file, argv := helperproc.Command("agent", string(text))
	return startProcess(t, exec.Command(file, argv...))
}

func startProcess(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	p.in, err = cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(p.kill)
	p.lines = bufio.NewScanner(out)
	p.until("ready")
	return p
}

// until waits for a line that begins with words, and returns it. Skipped lines stay for other
// calls.
func (p *process) until(words string) string {
	p.t.Helper()
	matches := func(line string) bool { return strings.HasPrefix(line, words) }
	if i := slices.IndexFunc(p.left, matches); i >= 0 {
		line := p.left[i]
		p.left = slices.Delete(p.left, i, i+1)
		return line
	}
	for p.lines.Scan() {
		if matches(p.lines.Text()) {
			return p.lines.Text()
		}
		p.left = append(p.left, p.lines.Text())
	}
	require.Fail(p.t, "the process has ended", "without %q: %v, %q", words, p.lines.Err(), p.left)
	return ""
}

func (p *process) signal(s syscall.Signal) { require.NoError(p.t, p.cmd.Process.Signal(s)) }

func (p *process) kill() {
	if !p.gone {
		_ = p.cmd.Process.Kill() // It may have exited.
		p.wait()
	}
}

func (p *process) wait() *os.ProcessState {
	p.gone = true
	for p.lines.Scan() { // With a full pipe the process could not exit.
	}
	_ = p.cmd.Wait() // The state says more than the error.
	return p.cmd.ProcessState
}

// drain ends the stdin of the process, so that it drains, and waits for its exit.
func (p *process) drain() {
	p.t.Helper()
	require.NoError(p.t, p.in.Close())
	require.True(p.t, p.wait().Success(), p.cmd.ProcessState.String())
}
