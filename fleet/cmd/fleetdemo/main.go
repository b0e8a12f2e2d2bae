// Fleetdemo shows that a fleet loses nothing. It runs a server, three agents with four workers
// each, and 2,000 jobs. In the middle it kills one agent with SIGKILL. It checks and counts the
// answers.
//
//	go run ./cmd/fleetdemo [-jobs N] [-ack-wait D]
//
// The exit code is 0 when each job has its answer.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/fleet"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// workers are the programs that this binary is when a pool forks it.
var workers = childprocess.Workers{"square": square}

// workTime is the time that each job takes.
const workTime = 30 * time.Millisecond

// square answers a number with its square.
func square(l *reactor.Loop, parent *ipc.Channel, _ []string) error {
	return pool.Serve(l, parent, pool.Handlers{"": func(ctx context.Context, j *pool.Job) (any, error) {
		var t fleet.Task
		if err := j.Decode(&t); err != nil {
			return nil, err
		}
		var n int
		if _, err := fmt.Sscan(string(t.Job), &n); err != nil {
			return nil, err
		}
		select {
		case <-time.After(workTime):
			return n * n, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}})
}

func main() {
	if worker, err := workers.Run(); worker {
		exitWith(err)
	}
	if len(os.Args) == 3 && os.Args[1] == "agent" {
		exitWith(agent(os.Args[2]))
	}
	jobs := flag.Int("jobs", 2000, "how many `jobs`")
	ackWait := flag.Duration("ack-wait", 3*time.Second, "the `time` after which the jobs of the agent that was killed are given to others")
	flag.Parse()
	exitWith(demo(*jobs, *ackWait, os.Stdout))
}

// exitWith prints err, if it is not nil, and exits.
func exitWith(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "fleetdemo:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// agent takes jobs from the server at url until its stdin ends.
func agent(url string) error {
	f, err := fleet.Dial(&fleet.Options{URL: url})
	if err != nil {
		return err
	}
	defer f.Close()
	l, err := reactor.New(nil)
	if err != nil {
		return err
	}
	defer l.Close()
	p, err := pool.New(l, &pool.Options{Self: "square", Max: 4})
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	// This goroutine ends when stdin does. It stops the pool, which ends the loop; the last line of
	// agent waits for it.
	go func() {
		a, err := f.Agent(p, &fleet.AgentOptions{Loop: l, Queues: []fleet.QueueShare{{Name: "squares"}}})
		if err == nil {
			fmt.Println("ready")
			_, err = io.Copy(io.Discard, os.Stdin)
			a.Drain(context.Background())
		}
		_ = l.Post(func() { p.Stop(nil, nil) }) // The loop is closed only after this.
		done <- err
	}()
	if err := l.Run(); err != nil {
		return err
	}
	return <-done
}

// A process is an agent in a process of its own.
type process struct {
	cmd *exec.Cmd
	in  io.Closer
}

// startAgent starts an agent, and returns when it is ready.
func startAgent(url string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(self, "agent", url)}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		p.kill()
		return nil, errors.Join(errors.New("an agent does not start"), err)
	}
	return p, nil
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // It may have exited.
	_ = p.cmd.Wait()         // It was killed, so the error says nothing.
}

// stop ends the agent by closing its stdin, and waits for it.
func (p *process) stop() error { return errors.Join(p.in.Close(), p.cmd.Wait()) }

// demo runs n jobs and prints the outcome.
func demo(n int, ackWait time.Duration, out io.Writer) (err error) {
	if n < 1 {
		return errors.New("no jobs")
	}
	dir, err := os.MkdirTemp("", "fleetdemo")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := fleet.Serve(&fleet.ServerOptions{Dir: dir, Layout: &fleet.Layout{AckWait: ackWait, Queues: []string{"squares"}}})
	if err != nil {
		return err
	}
	defer s.Close()
	f, err := fleet.Dial(&fleet.Options{Server: s})
	if err != nil {
		return err
	}
	defer f.Close()
	var agents []*process
	defer func() {
		for _, a := range agents {
			err = errors.Join(err, a.stop())
		}
	}()
	for range 3 {
		a, err := startAgent(s.URL())
		if err != nil {
			return err
		}
		agents = append(agents, a)
	}
	began := time.Now()
	c := &tally{out: out, terminal: isTerminal(out), n: n, killAt: n / 2, kill: func() {
		agents[0].kill()
		agents = agents[1:]
	}}
	if err := c.submitAll(f); err != nil {
		return err
	}
	return c.report(time.Since(began))
}

// A tally counts the answers of n jobs.
type tally struct {
	out      io.Writer
	terminal bool
	n        int
	killAt   int
	kill     func()

	mu     sync.Mutex
	right  int
	again  int // right answers of jobs that were given out more than once
	failed []error
}

// submitAll submits the jobs, waits for their answers, and kills an agent in the middle.
func (c *tally) submitAll(f *fleet.Fleet) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var running sync.WaitGroup
	defer running.Wait()
	inFlight := make(chan struct{}, 64)
	for i := range c.n {
		inFlight <- struct{}{}
		if i == c.killAt {
			c.kill()
		}
		j, err := f.Submit(ctx, "squares", i, nil)
		if err != nil {
			return err
		}
		running.Go(func() { // It ends with its job; submitAll waits for it.
			defer func() { <-inFlight }()
			c.add(ctx, i, j)
		})
	}
	return nil
}

// add waits for the answer of job i and counts it.
func (c *tally) add(ctx context.Context, i int, j *fleet.Job) {
	r, err := j.Result(ctx)
	var square int
	if err == nil {
		err = r.Decode(&square)
	}
	if err == nil && square != i*i {
		err = fmt.Errorf("the square of %d is not %d", i, square)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.failed = append(c.failed, err)
		return
	}
	c.right++
	if r.Attempt > 1 {
		c.again++
	}
	c.draw()
}

// draw prints the bar when it has grown: in place on a terminal, otherwise five times in all.
func (c *tally) draw() {
	const width, lines = 50, 5
	done := width * c.right / c.n
	if done == width*(c.right-1)/c.n || !c.terminal && done%(width/lines) != 0 {
		return
	}
	end := "\n"
	if c.terminal {
		end = "\r"
	}
	fmt.Fprintf(c.out, "[%s%s] %d of %d%s", strings.Repeat("#", done), strings.Repeat(" ", width-done), c.right, c.n, end)
}

// isTerminal reports whether out is a character device.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// report prints the counts. It returns an error if an answer is missing or wrong.
func (c *tally) report(took time.Duration) error {
	if c.terminal {
		fmt.Fprintln(c.out)
	}
	fmt.Fprintf(c.out, "%d jobs, %d answers, %d lost; one of three agents was killed, %d of its jobs were done by others; %.1f s\n",
		c.n, c.right, c.n-c.right, c.again, took.Seconds())
	if c.right != c.n {
		return errors.Join(append(c.failed, errors.New("not all jobs have an answer"))...)
	}
	return nil
}
