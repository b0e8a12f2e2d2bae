package pool_test

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// order is a job of rawWorker.
type order struct {
	Do  string // see rawWorker
	Arg string
	// milliseconds before the answer; meanwhile it computes if Do is "spin", and reads messages
	// otherwise
	MS int
}

// rawJob is a message to a worker.
type rawJob struct {
	ID      uint64
	Method  string
	Attempt int
	Job     order
	Cancel  *string
	Recall  bool
	Ping    *int
	begun   bool
	timer   *reactor.Timer
}

// rawServer is a worker that writes the messages itself, so that it can break the protocol.
type rawServer struct {
	loop   *reactor.Loop
	parent *ipc.Channel
	serial bool      // it runs one job at a time
	jobs   []*rawJob // not answered; in a serial worker only the first is begun
	unsent int       // messages that the kernel does not have yet
}

// rawWorker runs in the process of a worker. Its environment has:
//
//   - RAW_READY, the ready message, or "exit", "never", "slow 100" (milliseconds);
//   - RAW_START, a file with the same, which a test can change between two starts;
//   - RAW_IGNORE: it ignores SIGTERM; RAW_NOPONG: it ignores pings;
//   - RAW_SERIAL: it runs one job at a time;
//   - RAW_JOURNAL, a file to which it adds a line with the Arg of each job that it begins.
func rawWorker(l *reactor.Loop, parent *ipc.Channel, args []string) error {
	if os.Getenv("RAW_IGNORE") != "" {
		ignoreTerm()
	}
	s := &rawServer{loop: l, parent: parent, serial: os.Getenv("RAW_SERIAL") != ""}
	parent.OnMessage(s.hear)
	how := os.Getenv("RAW_READY")
	if file := os.Getenv("RAW_START"); file != "" {
		text, _ := os.ReadFile(file)
		how = string(text)
	}
	slow, isSlow := strings.CutPrefix(how, "slow ")
	switch {
	case how == "":
		s.ready()
	case how == "exit":
		fmt.Fprintln(os.Stderr, "cannot open config")
		os.Exit(7)
	case how == "never":
	case isSlow:
		ms, _ := strconv.Atoi(slow)
		l.SetTimeout(time.Duration(ms)*time.Millisecond, s.ready).Unref()
	default:
		s.send("%s", how)
	}
	return nil
}

func (s *rawServer) ready() {
	s.send(`{"ready":{"version":1,"concurrency":64,"accepts":["cancel","recall","ping"]}}`)
}

func (s *rawServer) send(format string, a ...any) {
	s.unsent++
	// The parent may have exited.
	_ = s.parent.SendWith(json.RawMessage(fmt.Sprintf(format, a...)), &ipc.SendOptions{Done: s.sent})
}

// sent runs when the kernel has a message. A serial worker begins the next job only when the kernel
// has its answers. Otherwise they would be lost if it died, and the parent could not know that the
// job was begun.
func (s *rawServer) sent(error) {
	s.unsent--
	if s.serial && s.unsent == 0 && len(s.jobs) > 0 && !s.jobs[0].begun && s.parent.Connected() {
		s.begin(s.jobs[0])
	}
}

func (s *rawServer) hear(m *ipc.Message) {
	q := new(rawJob)
	if err := m.Decode(q); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	i := slices.IndexFunc(s.jobs, func(other *rawJob) bool { return other.ID == q.ID })
	switch {
	case q.Ping != nil:
		note("ping")
		if os.Getenv("RAW_NOPONG") == "" {
			s.send(`{"pong":%d}`, *q.Ping)
		}
	case q.Recall:
		if s.serial && i > 0 {
			s.send(`{"id":%d,"recalled":true}`, q.ID)
			s.finishJob(s.jobs[i])
		}
	case q.Cancel != nil:
		if i < 0 || s.jobs[i].Job.Do == "stubborn" || s.jobs[i].timer != nil && !s.jobs[i].timer.Stop() {
			return
		}
		s.send(`{"id":%d,"error":{"message":"cancelled: %s","code":"ERR_CANCELLED"}}`, q.ID, *q.Cancel)
		s.finishJob(s.jobs[i])
	default:
		s.jobs = append(s.jobs, q)
		if s.parent.Connected() && (!s.serial || len(s.jobs) == 1 && s.unsent == 0) {
			s.begin(q)
		}
	}
}

func (s *rawServer) begin(q *rawJob) {
	q.begun = true
	note(q.Job.Arg)
	switch {
	case q.Job.Do == "spin":
		for end := time.Now().Add(time.Duration(q.Job.MS) * time.Millisecond); time.Now().Before(end); {
			runtime.Gosched()
		}
		s.answer(q)
	case q.Job.MS > 0:
		q.timer = s.loop.SetTimeout(time.Duration(q.Job.MS)*time.Millisecond, func() { s.answer(q) })
	default:
		s.answer(q)
	}
}

func (s *rawServer) answer(q *rawJob) {
	obey(*q, s.send, s.parent)
	switch q.Job.Do {
	case "silent", "raw", "hang-up": // There is no answer.
	default:
		s.finishJob(q)
	}
}

// finishJob forgets a job. A serial worker begins the next one, see sent.
func (s *rawServer) finishJob(q *rawJob) {
	s.jobs = slices.DeleteFunc(s.jobs, func(other *rawJob) bool { return other == q })
	if s.serial && s.unsent == 0 && len(s.jobs) > 0 && !s.jobs[0].begun && s.parent.Connected() {
		s.begin(s.jobs[0])
	}
}

// note adds a line to the file RAW_JOURNAL in one write, so that lines of several workers do not
// mix.
func note(text string) {
	name := os.Getenv("RAW_JOURNAL")
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer f.Close()
	fmt.Fprintln(f, text)
}

// obey runs a job and answers it.
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
	case "hang-up":
		parent.Disconnect()
	case "chunk-and-exit", "chunk-and-error":
		send(`{"id":%d,"chunk":"c"}`, q.ID)
		if q.Job.Do == "chunk-and-exit" {
			os.Exit(9)
		}
		send(`{"id":%d,"error":"no"}`, q.ID)
	case "chunks":
		for i := range 3 {
			send(`{"id":%d,"chunk":"%d"}`, q.ID, i)
		}
		send(`{"id":%d,"result":"chunks"}`, q.ID)
	case "progress":
		for i := range 3 {
			send(`{"id":%d,"progress":%d}`, q.ID, i)
		}
		send(`{"id":%d,"result":"progress"}`, q.ID)
	case "attempt":
		send(`{"id":%d,"result":%d}`, q.ID, q.Attempt)
	case "retire":
		send(`{"retire":true}`)
		send(`{"id":%d,"result":%d}`, q.ID, os.Getpid())
	case "answer-and-die":
		send(`{"id":%d,"result":%q}`, q.ID, q.Job.Arg)
		os.Exit(9)
	case "grow", "grow-and-hang":
		for i := range q.Job.MS {
			hoard = append(hoard, make([]byte, 1<<20))
			for j := 0; j < 1<<20; j += 4096 {
				hoard[i][j] = 1
			}
		}
		if q.Job.Do == "grow" {
			send(`{"id":%d,"result":0}`, q.ID)
		}
	case "env":
		text, _ := json.Marshal(os.Getenv(q.Job.Arg))
		send(`{"id":%d,"result":%s}`, q.ID, text)
	case "length":
		send(`{"id":%d,"result":%d}`, q.ID, len(q.Job.Arg))
	case "pid":
		send(`{"id":%d,"result":%d}`, q.ID, os.Getpid())
	case "big":
		size, _ := strconv.Atoi(q.Job.Arg)
		text := make([]byte, size)
		for i := range text {
			text[i] = 'x'
		}
		send(`{"id":%d,"result":%q}`, q.ID, text)
	default:
		text, _ := json.Marshal(q.Job.Arg)
		send(`{"id":%d,"result":%s}`, q.ID, text)
	}
}

// hoard is the memory by which a worker has grown.
var hoard [][]byte

// parentWorker has a pool of its own, whose workers compute, and reports their pids.
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
