// Pyworker counts words in workers that are written in Python, and has one of them fail.
//
//	go run ./examples/pyworker
//
// It needs python3 on PATH. The worker is worker.py, which is compiled in and given to python3 -c.
package main

import (
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
	err = count(loop)
	if err == nil {
		err = loop.Run()
	}
	return errors.Join(err, loop.Close())
}

// count gives the workers their jobs, and stops them when all are done.
func count(loop *reactor.Loop) error {
	workers, err := pool.New(loop, &pool.Options{
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
			fmt.Printf("%q: %v\n", text, either(counts, err))
		}); err != nil {
			return err
		}
	}
	if _, err := workers.Run([]int{1, 0}, &pool.RunOptions{Method: "divide"}, func(_ *pool.Result, err error) {
		if no, ok := errors.AsType[*pool.JobError](err); ok {
			err = fmt.Errorf("%s: %s", no.Name, no.Message)
		}
		fmt.Println("1/0:", err)
	}); err != nil {
		return err
	}
	workers.Stop(nil, nil)
	return nil
}

// either returns what there is to print.
func either(v any, err error) any {
	if err != nil {
		return err
	}
	return v
}
