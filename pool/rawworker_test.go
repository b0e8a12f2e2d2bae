package pool_test

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// order is a job of rawWorker: what it does with it.
type order struct {
	Do  string // see rawWorker
	Arg string
	MS  int // milliseconds before the answer; it computes meanwhile if Do is "spin", and gets messages otherwise
}

// rawJob is a message to a worker.
type rawJob struct {
	ID     uint64
	Method string
	Job    order
	Cancel *string
	Ping   *int
}

// rawWorker speaks the protocol by hand, so that it can break it. Its environment says how it starts: RAW_READY is its ready message, or
// what else it does ("exit", "never", "garbage"), and RAW_IGNORE has it ignore SIGTERM.
func rawWorker(l *reactor.Loop, parent *ipc.Channel, args []string) error {
	send := func(format string, a ...any) { _ = parent.Send(json.RawMessage(fmt.Sprintf(format, a...))) }
	if os.Getenv("RAW_IGNORE") != "" {
		ignoreTerm()
	}
	jobs := map[uint64]*reactor.Timer{}
	parent.OnMessage(func(m *ipc.Message) {
		var q rawJob
		if err := m.Decode(&q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		switch {
		case q.Ping != nil:
			if os.Getenv("RAW_NOPONG") == "" {
				send(`{"pong":%d}`, *q.Ping)
			}
			return
		case q.Cancel != nil:
			if timer, ok := jobs[q.ID]; ok && timer.Stop() {
				send(`{"id":%d,"error":{"message":"cancelled: %s","code":"ERR_CANCELLED"}}`, q.ID, *q.Cancel)
			}
			return
		}
		answer := func() { obey(q, send, parent) }
		switch {
		case q.Job.Do == "spin":
			for end := time.Now().Add(time.Duration(q.Job.MS) * time.Millisecond); time.Now().Before(end); {
				runtime.Gosched()
			}
			answer()
		case q.Job.MS > 0:
			jobs[q.ID] = l.SetTimeout(time.Duration(q.Job.MS)*time.Millisecond, answer)
		default:
			answer()
		}
	})
	switch ready := os.Getenv("RAW_READY"); ready {
	case "":
		send(`{"ready":{"version":1,"concurrency":64,"accepts":["cancel","ping"]}}`)
	case "exit":
		fmt.Fprintln(os.Stderr, "cannot open config")
		os.Exit(7)
	case "never":
	default:
		send("%s", ready)
	}
	return nil
}

// obey does what a job says, and answers.
func obey(q rawJob, send func(string, ...any), parent *ipc.Channel) {
	switch q.Job.Do {
	case "exit":
		fmt.Fprintln(os.Stderr, "dying of", q.Job.Arg)
		os.Exit(9)
	case "exit0":
		os.Exit(0)
	case "segv":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSEGV)
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "error":
		send(`{"id":%d,"error":%s}`, q.ID, q.Job.Arg)
	case "raw":
		send("%s", q.Job.Arg)
	case "twice":
		send(`{"id":%d,"result":1}`, q.ID)
		send(`{"id":%d,"result":2}`, q.ID)
	case "silent":
	case "retire":
		send(`{"retire":true}`)
		send(`{"id":%d,"result":%d}`, q.ID, os.Getpid())
	case "answer-and-die":
		send(`{"id":%d,"result":%q}`, q.ID, q.Job.Arg)
		os.Exit(9)
	case "grow", "grow-and-hang":
		for i := range q.Job.MS {
			held = append(held, make([]byte, 1<<20))
			for j := 0; j < 1<<20; j += 4096 {
				held[i][j] = 1
			}
		}
		if q.Job.Do == "grow" {
			send(`{"id":%d,"result":0}`, q.ID)
		}
	case "env":
		text, _ := json.Marshal(os.Getenv(q.Job.Arg))
		send(`{"id":%d,"result":%s}`, q.ID, text)
	case "pid":
		send(`{"id":%d,"result":%d}`, q.ID, os.Getpid())
	case "big":
		text := make([]byte, q.Job.MS+1<<20)
		for i := range text {
			text[i] = 'x'
		}
		send(`{"id":%d,"result":%q}`, q.ID, text)
	default:
		text, _ := json.Marshal(q.Job.Arg)
		send(`{"id":%d,"result":%s}`, q.ID, text)
	}
}

// held is memory that a worker has grown by.
var held [][]byte

// parentWorker has a pool of its own, whose workers compute, and says their pids.
func parentWorker(l *reactor.Loop, parent *ipc.Channel, args []string) error {
	p, err := pool.New(l, raw(pool.Options{Max: 2, InFlight: 1}))
	if err != nil {
		return err
	}
	for range 2 {
		if _, err := p.Run(order{Do: "spin", MS: 600_000}, nil, func(*pool.Result, error) {}); err != nil {
			return err
		}
	}
	var check *reactor.Timer
	check = l.SetInterval(time.Millisecond, func() {
		if p.Stats().Busy < 2 {
			return
		}
		check.Stop()
		var pids []int
		for _, w := range p.Workers() {
			pids = append(pids, w.Pid)
		}
		_ = parent.Send(pids)
	})
	return nil
}
