package fleet_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
	"github.com/brood-go/brood/internal/test/helperproc"
)

// nodeConfig configures one server of a cluster.
type nodeConfig struct {
	Name, Dir     string
	Port, Cluster int
	Routes        []string
}

func init() {
	// node is a NATS server of a cluster. It knows nothing of fleets.
	helperproc.Register("node", func(args []string) {
		var c nodeConfig
		if err := json.Unmarshal([]byte(args[0]), &c); err != nil {
			panic(err)
		}
		o := &server.Options{
			ServerName: c.Name, Host: "127.0.0.1", Port: c.Port, JetStream: true, StoreDir: c.Dir, NoSigs: true,
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: c.Cluster},
		}
		for _, r := range c.Routes {
			u, err := url.Parse(r)
			if err != nil {
				panic(err)
			}
			o.Routes = append(o.Routes, u)
		}
		s, err := server.NewServer(o)
		if err != nil {
			panic(err)
		}
		s.Start()
		fmt.Println("ready")
		if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
			panic(err)
		}
		s.Shutdown()
		s.WaitForShutdown()
	})
}

// A cluster is three servers on loopback, each in a process of its own.
type cluster struct {
	t     testing.TB
	nodes [3]nodeConfig
	procs [3]*process
}

func startCluster(t testing.TB) *cluster {
	t.Helper()
	c := &cluster{t: t}
	var routes []string
	for i := range c.nodes {
		c.nodes[i] = nodeConfig{Name: "n" + strconv.Itoa(i), Dir: t.TempDir(), Port: freePort(t), Cluster: freePort(t)}
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", c.nodes[i].Cluster))
	}
	for i := range c.nodes {
		c.nodes[i].Routes = routes
		c.start(i)
	}
	return c
}

func (c *cluster) start(i int) {
	c.t.Helper()
	text, err := json.Marshal(&c.nodes[i])
	require.NoError(c.t, err)
	file, argv := helperproc.Command("node", string(text))
	c.procs[i] = startProcess(c.t, exec.Command(file, argv...))
}

func (c *cluster) url() string {
	var all []string
	for _, n := range c.nodes {
		all = append(all, fmt.Sprintf("nats://127.0.0.1:%d", n.Port))
	}
	return strings.Join(all, ",")
}

// killChild kills the worker that has logged last, if it is alive.
func killChild(t testing.TB, log string) {
	t.Helper()
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	lines := strings.Fields(strings.TrimSpace(string(text)))
	pid, err := strconv.Atoi(lines[len(lines)-1])
	require.NoError(t, err)
	_ = syscall.Kill(pid, syscall.SIGKILL) // It may have exited with its agent.
}

// The central promise of the package: whatever dies or loses its connection, each job has a result
// or is dead with a reason, none is lost, and each repetition is reported.
func TestEveryJobOfAClusterEndsInAResultOrInTheDeadStream(t *testing.T) {
	t.Parallel()
	c := startCluster(t)
	l := quick("mail")
	l.Replicas, l.AckWait = 3, 2*time.Second
	f, err := fleet.Dial(&fleet.Options{URL: c.url(), Setup: l, Timeout: time.Minute})
	require.NoError(t, err)
	defer f.Close()
	p := newProxy(t, fmt.Sprintf("127.0.0.1:%d", c.nodes[1].Port))
	log := filepath.Join(t.TempDir(), "log")

	var agents []*process
	for i := range 3 {
		agents = append(agents, start(t, agentConfig{URL: c.url(), Name: fmt.Sprint("a", i), Queues: []string{"mail"}, Workers: 2}))
	}
	cutOff := start(t, agentConfig{URL: p.url(), Name: "cut", Queues: []string{"mail"}, Workers: 2})

	const n = 80
	var all []*fleet.Job
	done := make(chan error, n)
	events := map[int]func(){
		8:  func() { agents[0].kill() },
		14: func() { killChild(t, log) },
		18: func() { p.cut() },
		25: func() { c.procs[0].kill() },
		34: func() { agents[1].signal(syscall.SIGSTOP) },
		42: func() { c.start(0) },
		48: func() { p.restore(); agents[1].signal(syscall.SIGCONT) },
		55: func() { c.procs[2].kill(); killChild(t, log) },
		62: func() {
			agents[0] = start(t, agentConfig{URL: c.url(), Name: "a0", Queues: []string{"mail"}, Workers: 2})
		},
		66: func() { c.start(2) },
	}
	for i := range n {
		j := job{Log: log, Echo: i, Work: 30 * time.Millisecond}
		if i%20 == 7 {
			j.Fail = "no"
		}
		// If an answer was lost with a server, the job is queued or done.
		var sent *fleet.Job
		for sent == nil {
			sent, err = f.Submit(ctx(t), "mail", j, &fleet.JobOptions{ID: fmt.Sprint("j", i), MaxAttempts: 2})
			if errors.Is(err, fleet.ErrDuplicate) || errors.Is(err, fleet.ErrAlreadyDone) {
				sent = f.Await(fmt.Sprint("j", i))
			} else if err != nil {
				require.ErrorIs(t, err, fleet.ErrUnavailable)
			}
		}
		all = append(all, sent)
		go func() { done <- sent.Wait(ctx(t), nil) }() // It ends with the job.
		if i >= 10 {
			<-done // So at least ten jobs are unfinished.
		}
		if do := events[i]; do != nil {
			do()
		}
	}
	for range 10 {
		<-done
	}

	times, err := ran(log)
	require.NoError(t, err)
	var results, dead, twice int
	for i, j := range all {
		info, err := j.Info(ctx(t))
		require.NoError(t, err)
		reported := info.Attempt > 1 || info.Duplicates > 0 || info.LostLeases > 0
		switch info.State {
		case fleet.StateDone:
			results++
			var echo int
			require.NoError(t, j.Wait(ctx(t), &echo))
			require.Equal(t, i, echo)
		case fleet.StateDead:
			dead++
			d, ok := errors.AsType[*fleet.DeadError](j.Wait(ctx(t), nil))
			require.True(t, ok)
			require.NotEmpty(t, d.Reason)
		default:
			require.Fail(t, "a job is lost", "%s: %+v", j.ID(), info)
		}
		if times["default."+j.ID()] > 1 {
			twice++
			require.True(t, reported, "%s ran %d times: %+v", j.ID(), times["default."+j.ID()], info)
		}
	}
	require.Equal(t, n, results+dead)
	t.Logf("%d results, %d dead, %d of them ran more than once", results, dead, twice)
	eventually(t, "the queue is empty", func() bool {
		info, err := f.Queue(ctx(t), "mail")
		return err == nil && info.Waiting == 0 && info.Running == 0
	})
	for _, a := range []*process{agents[0], agents[1], agents[2], cutOff} {
		a.drain()
	}
}
