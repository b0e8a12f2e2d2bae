package fleet_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/fleet"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// workers are what this test binary is as a worker of a pool.
var executor = childprocess.Workers{"worker": worker}

// job is what a worker does: the first of these that is set.
type job struct {
	Log string `json:",omitempty"` // appends its id, attempt and pid to the file, and goes on
	// waits until somebody writes to the fifo of that name, and goes on
	Held string `json:",omitempty"`
	Says []int  `json:",omitempty"` // are told as progress

	Unless string        `json:",omitempty"` // answers at once if the file of that name is there
	Work   time.Duration `json:",omitempty"` // takes that long, and goes on
	Fail   string        `json:",omitempty"` // answers with that error
	Die    string        `json:",omitempty"` // writes it to stderr and exits with 7
	Hang   bool          `json:",omitempty"` // never answers, but when it is cancelled
	Deaf   bool          `json:",omitempty"` // never answers
	Env    bool          `json:",omitempty"` // answers with its environment
	Size   int           `json:",omitempty"` // answers with so many bytes
	Echo   any           `json:",omitempty"` // answers with that
}

// worker speaks the pool's protocol.
func worker(l *reactor.Loop, parent *ipc.Channel, _ []string) error {
	send := func(v map[string]any) { _ = parent.Send(v) } // The parent may be gone.
	hang := map[uint64]bool{}
	parent.OnMessage(func(m *ipc.Message) {
		var q struct {
			ID     uint64
			Job    fleet.Task
			Cancel *string
		}
		if err := m.Decode(&q); err != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			os.Exit(9)
		}
		if q.Cancel != nil {
			if hang[q.ID] {
				delete(hang, q.ID)
				send(map[string]any{"id": q.ID, "error": "cancelled: " + *q.Cancel})
			}
			return
		}
		var j job
		if err := json.Unmarshal(q.Job.Job, &j); err != nil {
			send(map[string]any{"id": q.ID, "error": err.Error()})
			return
		}
		if j.Hang {
			hang[q.ID] = true
		}
		// It ends with the answer, or with the process.
		go j.do(q.Job, func(v map[string]any) {
			v["id"] = q.ID
			if l.Post(func() { send(v) }) != nil {
				os.Exit(9)
			}
		})
	})
	send(map[string]any{"ready": map[string]any{"version": 1, "concurrency": 1, "accepts": []string{"cancel"}}})
	return nil
}

func (j *job) do(k fleet.Task, answer func(map[string]any)) {
	check := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			os.Exit(9)
		}
	}
	if j.Log != "" {
		f, err := os.OpenFile(j.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		check(err)
		_, err = fmt.Fprintf(f, "%s %d %d\n", k.ID, k.Attempt, os.Getpid())
		check(errors.Join(err, f.Close()))
	}
	for _, n := range j.Says {
		answer(map[string]any{"progress": n})
	}
	if j.Held != "" {
		f, err := os.Open(j.Held)
		check(err)
		_, err = io.ReadAll(f)
		check(errors.Join(err, f.Close()))
	}
	time.Sleep(j.Work) // It is what the worker does, and no wait for anything.
	_, err := os.Stat(j.Unless)
	switch {
	case j.Unless != "" && err == nil:
		answer(map[string]any{"result": j.Echo})
	case j.Fail != "":
		answer(map[string]any{"error": j.Fail})
	case j.Die != "":
		fmt.Fprintln(os.Stderr, j.Die)
		syscall.Exit(7)
	case j.Hang, j.Deaf:
	case j.Env:
		answer(map[string]any{"result": os.Environ()})
	case j.Size > 0:
		answer(map[string]any{"result": strings.Repeat("x", j.Size)})
	default:
		answer(map[string]any{"result": j.Echo})
	}
}

// ran reads what workers have logged: how often each job was begun, by id.
func ran(file string) (map[string]int, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	times := map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		id, _, _ := strings.Cut(lines.Text(), " ")
		times[id]++
	}
	return times, nil
}
