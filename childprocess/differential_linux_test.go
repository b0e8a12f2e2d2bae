package childprocess_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

// A step is an action of a random program in a callback.
type step struct {
	Kind string // "tick", "immediate" or "timer"
	ID   int
	Then []step // the steps of its callback
}

// A randomProgram starts one child and takes steps in the child's events. The child has done all of
// its work before the loop polls, so the order of the events depends on the loop alone.
type randomProgram struct {
	Command string            // for a shell
	On      map[string][]step // by event
	// one timer, set when everything else is over: timers would race with that, and with each other
	Timer []step
}

func steps(rnd *rand.Rand, id *int, depth int) (list []step) {
	for range rnd.IntN(4) {
		*id++
		s := step{Kind: "tick", ID: *id}
		if rnd.IntN(10) < 3 {
			s.Kind = "immediate"
		}
		if depth > 0 {
			s.Then = steps(rnd, id, depth-1)
		}
		list = append(list, s)
	}
	return list
}

func newRandomProgram(rnd *rand.Rand) randomProgram {
	commands := []string{
		"exit 3", "echo out", "echo out; echo err >&2", "echo err >&2; exit 1", "kill -9 $$",
		"head -c 30000 /dev/zero", "head -c 60000 /dev/zero; echo err >&2", "echo a; echo b; echo c",
	}
	p := randomProgram{Command: commands[rnd.IntN(len(commands))], On: map[string][]step{}}
	id := 0
	for _, event := range []string{
		"spawn", "exit", "stdout data", "stdout end", "stdout close", "stderr data", "stderr end", "stderr close", "close",
	} {
		p.On[event] = steps(rnd, &id, 2)
	}
	p.Timer = []step{{Kind: "timer", ID: id + 1, Then: steps(rnd, &id, 2)}}
	return p
}

// A programRun runs a random program and records its events and callbacks.
type programRun struct {
	loop    *reactor.Loop
	p       randomProgram
	journal []string
}

func (r *programRun) do(list []step) {
	for _, s := range list {
		fn := func() {
			r.journal = append(r.journal, fmt.Sprintf("%s %d", s.Kind, s.ID))
			r.do(s.Then)
		}
		switch s.Kind {
		case "tick":
			r.loop.NextTick(fn)
		case "immediate":
			r.loop.SetImmediate(fn)
		case "timer":
			r.loop.SetTimeout(timerDelay, fn)
		}
	}
}

// timerDelay is the shortest delay in Node.
const timerDelay = time.Millisecond

func (r *programRun) event(name string) {
	r.journal = append(r.journal, name)
	r.do(r.p.On[name])
}

// runHere runs the program on a loop of brood.
func (r *programRun) runHere(t *testing.T) []string {
	t.Helper()
	r.loop.SetImmediate(func() {
		c := spawn(t, r.loop, "/bin/sh", []string{"-c", r.p.Command}, nil)
		// Before the streams are in the poller, so that it reports them in this order.
		awaitZombie(t, c.Pid())
		c.OnSpawn(func() { r.event("spawn") })
		c.OnExit(func(childprocess.ExitStatus) { r.event("exit") })
		c.OnClose(func(childprocess.ExitStatus) { r.event("close") })
		for _, s := range []struct {
			name string
			childprocess.StdioStream
		}{{"stdout", c.Stdio[1]}, {"stderr", c.Stdio[2]}} {
			s.Readable.OnData(func([]byte) { r.event(s.name + " data") })
			s.Readable.OnEnd(func() { r.event(s.name + " end") })
			s.Readable.OnClose(func() { r.event(s.name + " close") })
		}
	})
	run(t, r.loop)
	r.loop.SetImmediate(func() { r.do(r.p.Timer) })
	run(t, r.loop)
	return r.journal
}

// runInNode runs the programs of a file one after the other and prints their journals.
const runInNode = `
const { spawn } = require('child_process');
const fs = require('fs');
const programs = JSON.parse(fs.readFileSync(process.argv[2]));
function next() {
  const p = programs.shift();
  if (!p) return;
  const journal = [];
  let pending = 3; // close of the child and of two streams
  let then = () => {
    then = () => { console.log(JSON.stringify(journal)); setTimeout(next, 2); };
    pending = 1;
    setImmediate(() => { act(p.Timer); countDown(); });
  };
  const countDown = () => { if (--pending === 0) then(); };
  const act = (list) => {
    for (const s of list || []) {
      pending++;
      const fn = () => { journal.push(s.Kind + ' ' + s.ID); act(s.Then); countDown(); };
      if (s.Kind === 'tick') process.nextTick(fn);
      else if (s.Kind === 'immediate') setImmediate(fn);
      else setTimeout(fn, 1);
    }
  };
  const event = (name) => { journal.push(name); act(p.On[name]); };
  setImmediate(() => {
    const c = spawn('/bin/sh', ['-c', p.Command]);
    c.on('spawn', () => event('spawn'));
    c.on('exit', () => event('exit'));
    c.on('close', () => { event('close'); countDown(); });
    for (const name of ['stdout', 'stderr']) {
      c[name].on('data', () => event(name + ' data'));
      c[name].on('end', () => event(name + ' end'));
      c[name].on('close', () => { event(name + ' close'); countDown(); });
    }
    for (;;) {
      const stat = fs.readFileSync('/proc/' + c.pid + '/stat', 'utf8');
      if (stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'Z') break;
    }
  });
}
next();
`

func TestRandomProgramsRunAsInNode(t *testing.T) {
	if watchesSIGCHLD() {
		t.Skip("after SIGCHLD an exit comes in the immediates phase, and not in the poll phase as in Node")
	}
	node := looptest.NodePath(t)
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	programs := make([]randomProgram, 150)
	for i := range programs {
		programs[i] = newRandomProgram(rnd)
	}
	dir := t.TempDir()
	script, list := filepath.Join(dir, "run.js"), filepath.Join(dir, "programs.json")
	require.NoError(t, os.WriteFile(script, []byte(runInNode), 0o600))
	text, err := json.Marshal(programs)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(list, text, 0o600))
	out, err := exec.Command(node, script, list).Output()
	require.NoError(t, err)
	journals := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Equal(t, len(programs), len(journals))
	for i, p := range programs {
		var want []string
		require.NoError(t, json.Unmarshal([]byte(journals[i]), &want))
		r := &programRun{loop: newLoop(t), p: p}
		if got := r.runHere(t); !slices.Equal(want, got) {
			require.Equal(t, strings.Join(want, "\n"), strings.Join(got, "\n"), "seed %d, program %d: %+v", seed, i, p)
		}
	}
}
