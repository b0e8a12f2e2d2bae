// Pipeline runs yes | head | wc, with real children and no shell, in two ways:
//
//   - through the loop: each child's output is piped to the next one's input by
//     [streams.Readable.Pipe], so this program could also listen to the bytes; on Linux they
//     move by splice(2);
//   - through the kernel: each child is given the reading end of the pipe of the one before it and
//     the parent keeps nothing, so no byte passes through this program.
//
// Either way head ends after its lines, and yes, which would never end, gets SIGPIPE as in a shell.
//
//	go run ./examples/pipeline
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// stage is one program of a pipeline.
type stage struct {
	file string
	args []string
}

var stages = []stage{{"yes", nil}, {"head", []string{"-n", "100000"}}, {"wc", []string{"-l"}}}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pipeline:", err)
		os.Exit(1)
	}
}

func run() error {
	loop, err := reactor.New(nil)
	if err != nil {
		return err
	}
	err = report(loop, "through the loop", throughLoop)
	if err == nil {
		err = report(loop, "through the kernel", throughKernel)
	}
	return errors.Join(err, loop.Close())
}

// throughLoop starts the stages and pipes each one's output to the next one's input.
func throughLoop(loop *reactor.Loop) ([]*childprocess.ChildProcess, error) {
	var children []*childprocess.ChildProcess
	for i, s := range stages {
		o := &childprocess.Options{Stdio: []childprocess.Stdio{childprocess.Pipe, childprocess.Pipe, childprocess.Inherit}}
		if i == 0 {
			o.Stdio[0] = childprocess.Ignore
		}
		c, err := childprocess.Spawn(loop, s.file, s.args, o)
		if err != nil {
			return children, err
		}
		if i > 0 {
			children[i-1].Stdout.Pipe(c.Stdin, nil)
		}
		children = append(children, c)
	}
	return children, nil
}

// throughKernel starts each stage with the pipe of the one before as its input. Owned closes the
// parent's copy of the descriptor, also when the stage cannot be started: a copy left open would
// keep yes from ever getting SIGPIPE.
func throughKernel(loop *reactor.Loop) ([]*childprocess.ChildProcess, error) {
	var children []*childprocess.ChildProcess
	input := childprocess.Ignore
	for _, s := range stages {
		c, err := childprocess.Spawn(loop, s.file, s.args, &childprocess.Options{
			Stdio: []childprocess.Stdio{input, childprocess.Pipe, childprocess.Inherit},
		})
		if err != nil {
			return children, err
		}
		input = childprocess.Stream(c.Stdout).Owned()
		children = append(children, c)
	}
	return children, nil
}

// report runs one pipeline to its end and prints its output and how each stage ended.
func report(loop *reactor.Loop, how string, start func(*reactor.Loop) ([]*childprocess.ChildProcess, error)) error {
	children, err := start(loop)
	if err != nil {
		for _, c := range children {
			_, killErr := c.Kill(syscall.SIGKILL)
			err = errors.Join(err, killErr)
		}
		return errors.Join(err, loop.Run())
	}
	var failed error
	for _, c := range children {
		c.OnError(func(err error) { failed = errors.Join(failed, err) })
	}
	var output []byte
	children[len(children)-1].Stdout.Collect(-1, func(data []byte, err error) {
		output, failed = data, errors.Join(failed, err)
	})
	if err := loop.Run(); err != nil {
		return err
	}
	fmt.Printf("%s: %s lines\n", how, strings.TrimSpace(string(output)))
	for _, c := range children {
		status, _ := c.Status()
		fmt.Printf("  %s: %s\n", c.SpawnFile(), status)
	}
	return failed
}
