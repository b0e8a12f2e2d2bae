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

// workers are the programs that this binary is as a worker of a pool.
var workers = childprocess.Workers{"worker": worker}

// job tells a worker what to do: the first group of fields in any case, then the first of the
// second group that is set.
type job struct {
	Log  string        `json:",omitempty"` // append id, attempt and pid to this file
	Says []int         `json:",omitempty"` // send these as progress
	Held string        `json:",omitempty"` // wait until this fifo is opened, see gate
	Work time.Duration `json:",omitempty"` // take this time

	Unless string `json:",omitempty"` // if this file exists, answer with Echo
	Fail   string `json:",omitempty"` // answer with this error
	Die    string `json:",omitempty"` // write this to stderr and exit with 7
	Hang   bool   `json:",omitempty"` // answer only a cancellation
	Deaf   bool   `json:",omitempty"` // never answer
	Env    bool   `json:",omitempty"` // answer with the environment
	Size   int    `json:",omitempty"` // answer with so many bytes
	Echo   any    `json:",omitempty"` // answer with this
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
	time.Sleep(j.Work) // This simulates work; it waits for nothing.
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

// ran returns how often each job was begun, by id, from the log of the workers.
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
