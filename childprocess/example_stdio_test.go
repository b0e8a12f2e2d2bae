package childprocess_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// Both outputs in one stream, in the order in which they were written, as with "2>&1" in a shell.
func ExampleSameAs() {
	r := childprocess.SpawnSync("sh", []string{"-c", "echo one; echo two >&2; echo three"}, &childprocess.SyncOptions{
		Options: childprocess.Options{Stdio: []childprocess.Stdio{2: childprocess.SameAs(1)}},
	})
	fmt.Printf("%s%v\n", r.Stdout, r.Status)
	// Output:
	// one
	// two
	// three
	// exit status 0
}

// Output that is appended to a file, as with ">>log" in a shell.
func ExamplePath() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	log := filepath.Join(dir, "log")
	o := &childprocess.RunOptions{Options: childprocess.Options{Stdio: []childprocess.Stdio{
		1: childprocess.Path(log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644),
	}}}
	for _, word := range []string{"first", "second"} {
		if err := childprocess.RunWith(context.Background(), o, "echo", word); err != nil {
			panic(err)
		}
	}
	text, err := os.ReadFile(log)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s", text)
	// Output:
	// first
	// second
}

// A child whose output this program reads, and which is kept in a file, too.
func ExampleTee() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	log := filepath.Join(dir, "log")
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	child, err := childprocess.Spawn(loop, "printf", []string{`%s\n`, "pear", "apple"}, &childprocess.Options{
		Stdio: []childprocess.Stdio{1: childprocess.Tee(childprocess.Pipe, childprocess.Path(log, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644))},
	})
	if err != nil {
		panic(err)
	}
	child.Stdout.OnLine(func(line []byte) { fmt.Printf("it says %s\n", line) })
	child.OnClose(func(childprocess.ExitStatus) { // By now the file has all of the output.
		text, err := os.ReadFile(log)
		fmt.Printf("%q %v\n", text, err)
	})
	if err := loop.Run(); err != nil {
		panic(err)
	}
	// Output:
	// it says pear
	// it says apple
	// "pear\napple\n" <nil>
}

// A child that reads from an io.Reader.
func ExampleInput() {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	o := &childprocess.ExecOptions{}
	o.Stdio = []childprocess.Stdio{childprocess.Input(strings.NewReader("pear\napple\nfig\n"))}
	_, err = childprocess.Exec(loop, "sort | head -n 2", o, func(err error, stdout, _ []byte) {
		fmt.Printf("%s%v\n", stdout, err)
	})
	if err != nil {
		panic(err)
	}
	if err := loop.Run(); err != nil {
		panic(err)
	}
	// Output:
	// apple
	// fig
	// <nil>
}
