// Pyworker counts words in workers that are written in Python, and has one of them fail.
//
//	go run ./examples/pyworker
//
// It needs python3 on PATH. The worker is worker.py, which is compiled in and given to python3 -c.
package main

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"os"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

//go:embed worker.py
var script string

var texts = []string{
	"to be or not to be that is the question",
	"a rose is a rose is a rose",
	"row row row your boat gently down the stream",
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pyworker:", err)
		os.Exit(1)
	}
}

func run() error {
	loop, err := reactor.New(nil)
	if err != nil {
		return err
	}
	c := &counter{loop: loop}
	err = c.start()
	if err == nil {
		err = loop.Run()
	}
	return errors.Join(err, c.failed, loop.Close())
}

// A counter has the workers.
type counter struct {
	loop   *reactor.Loop
	failed error // the first job that was not answered
}

// start gives the workers their jobs, and stops them when all are done.
func (c *counter) start() error {
	workers, err := pool.New(c.loop, &pool.Options{
		ExecPath: "python3", Module: script, Fork: &childprocess.ForkOptions{ExecArgv: []string{"-c"}},
		Protocol: pool.Lines, Max: 2,
	})
	if err != nil {
		return err
	}
	for _, text := range texts {
		job := map[string]any{"text": text, "most": 1}
		if _, err := workers.Run(job, &pool.RunOptions{Method: "words"}, func(r *pool.Result, err error) {
			var counts map[string]int
			if err == nil {
				err = r.Decode(&counts)
			}
			if err != nil {
				c.failed = cmp.Or(c.failed, err)
				return
			}
			fmt.Printf("%q: %v\n", text, counts)
		}); err != nil {
			return err
		}
	}
	if _, err := workers.Run([]int{1, 0}, &pool.RunOptions{Method: "divide"}, func(_ *pool.Result, err error) {
		no, ok := errors.AsType[*pool.JobError](err)
		if !ok {
			c.failed = cmp.Or(c.failed, err)
			return
		}
		fmt.Printf("1/0: %s: %s\n", no.Name, no.Message)
	}); err != nil {
		return err
	}
	workers.Stop(nil, nil)
	return nil
}
