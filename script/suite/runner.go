package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// runner runs tests on a loop of its own, each with an attendant. All of it runs on one goroutine.
type runner struct {
	program *program
	dir     string // for files of tests
	jobs    int
	limit   time.Duration
	tell    func(result)

	loop             *reactor.Loop
	self             string
	together, alone  []test // tests that have not started
	running, started int
	results          []result
	broken           error // error of the runner itself; no test starts after it
}

// run runs the tests and returns their results, in the order in which they ended.
func (r *runner) run(tests []test) (results []result, err error) {
	if r.self, err = os.Executable(); err != nil {
		return nil, err
	}
	for _, t := range tests {
		if t.alone() {
			r.alone = append(r.alone, t)
		} else {
			r.together = append(r.together, t)
		}
	}
	if r.loop, err = reactor.New(nil); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.loop.Close()) }()
	r.next()
	err = r.loop.Run()
	return r.results, errors.Join(r.broken, err)
}

// next starts the tests that may run now.
func (r *runner) next() {
	for r.broken == nil && len(r.together) > 0 && r.running < r.jobs {
		t := r.together[0]
		r.together = r.together[1:]
		r.start(t)
	}
	if r.broken == nil && len(r.alone) > 0 && r.running == 0 {
		t := r.alone[0]
		r.alone = r.alone[1:]
		r.start(t)
	}
}

// place returns variables that give the next test a folder and a port of its own. Tests of another
// run on the same machine use other ports. See common/tmpdir.js and common.PORT.
func (r *runner) place() []string {
	const first, most, apart = 12346, 2000, 8
	return []string{
		"NODE_TEST_DIR=" + r.dir, fmt.Sprintf("TEST_SERIAL_ID=%d", r.started),
		fmt.Sprintf("NODE_COMMON_PORT=%d", first+os.Getpid()%most*apart),
	}
}

// start starts a test's attendant. Its end starts the next tests.
func (r *runner) start(t test) {
	args, env := r.program.command(&t)
	began := time.Now()
	_, err := childprocess.ExecFile(r.loop, r.self, append([]string{attendWord, r.limit.String(), r.program.file},
		args...), &childprocess.ExecOptions{
		Options: childprocess.Options{
			// The tests expect to run in the folder above theirs.
			Dir: filepath.Dir(t.tree), Detached: true,
			Env: slices.Concat(os.Environ(), env, r.place()),
		},
	}, func(err error, stdout, stderr []byte) {
		r.running--
		one, parseErr := parseResult(stdout)
		if err = cmp.Or(err, parseErr); err != nil { // The test may have killed its attendant.
			one = result{verdict: failed, reason: printable([]byte(err.Error()))}
		}
		one.program, one.family, one.file, one.took = r.program.name, t.family, filepath.ToSlash(t.name), time.Since(began)
		r.results = append(r.results, one)
		r.tell(one)
		r.next()
	})
	if err != nil {
		r.broken = fmt.Errorf("%s: %w", t.name, err)
		return
	}
	r.started++
	r.running++
}
