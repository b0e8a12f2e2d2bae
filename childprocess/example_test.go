package childprocess_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// The output of a child, line by line while it runs.
func ExampleSpawn() {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	child, err := childprocess.Spawn(loop, "cat", nil, nil)
	if err != nil {
		panic(err) // A mistake in the call.
	}
	child.OnError(func(err error) { fmt.Println(err) }) // The program could not be started.
	child.Stdout.OnLine(func(line []byte) {
		fmt.Printf("it says %q\n", line)
	})
	child.OnClose(func(s childprocess.ExitStatus) { fmt.Println(s) })
	child.Stdin.WriteString("one\ntwo\nthree")
	child.Stdin.End()
	if err := loop.Run(); err != nil {
		panic(err)
	}
	// Output:
	// it says "one"
	// it says "two"
	// it says "three"
	// exit status 0
}

// A shell command whose output is captured, and one that takes too long.
func ExampleExec() {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	run := func(command string, o *childprocess.ExecOptions, done func(err error, stdout, stderr []byte)) {
		if _, err := childprocess.Exec(loop, command, o, done); err != nil {
			panic(err) // A mistake in the call.
		}
		if err := loop.Run(); err != nil {
			panic(err)
		}
	}
	run("echo "+childprocess.Quote("it's fine")+" | tr a-z A-Z", nil, func(err error, stdout, _ []byte) {
		fmt.Printf("%s%v\n", stdout, err)
	})

	o := &childprocess.ExecOptions{}
	o.Timeout = 10 * time.Millisecond
	o.KillGrace = time.Second // For a child that ignores SIGTERM.
	run("sleep 1000", o, func(err error, _, _ []byte) {
		fmt.Println(errors.Is(err, childprocess.ErrTimeout))
		fmt.Println(err)
	})
	// Output:
	// IT'S FINE
	// <nil>
	// true
	// command failed: sleep 1000: timed out (signal: SIGTERM)
}

// A command that fails says how, and what it wrote.
func ExampleExecFile() {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	report := func(err error, stdout, _ []byte) {
		if exit, ok := errors.AsType[*childprocess.ExitError](err); ok {
			fmt.Printf("code %d after %q, because %q\n", exit.Status.Code, stdout, exit.Stderr)
			return
		}
		fmt.Println(err)
	}
	script := "echo so far; echo no further >&2; exit 3"
	for _, command := range [][]string{{"sh", "-c", script}, {"no-such-program"}} {
		if _, err := childprocess.ExecFile(loop, command[0], command[1:], nil, report); err != nil {
			panic(err)
		}
		if err := loop.Run(); err != nil {
			panic(err)
		}
	}
	// Output:
	// code 3 after "so far\n", because "no further\n"
	// execFile no-such-program: ENOENT: no such file or directory
}

// Two children joined by a pipe of the kernel: no data passes through this program.
func ExampleStream() {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	words, err := childprocess.Spawn(loop, "printf", []string{`%s\n`, "pear", "apple", "fig"}, nil)
	if err != nil {
		panic(err)
	}
	sort, err := childprocess.Spawn(loop, "sort", nil, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Stream(words.Stdout).Owned()},
	})
	if err != nil {
		panic(err)
	}
	sort.Stdout.OnLine(func(line []byte) { fmt.Printf("%s\n", line) })
	sort.OnClose(func(s childprocess.ExitStatus) { fmt.Println(s) })
	if err := loop.Run(); err != nil {
		panic(err)
	}
	// Output:
	// apple
	// fig
	// pear
	// exit status 0
}

// A program that asks for a password at its terminal.
func ExamplePTY() {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	const script = `stty -echo; printf 'Password: '; read p; stty echo; echo; test "$p" = secret && echo welcome`
	child, err := childprocess.Spawn(loop, "sh", []string{"-c", script}, &childprocess.Options{
		Stdio: childprocess.AllStdio(childprocess.PTY(nil)),
	})
	if err != nil {
		panic(err)
	}
	terminal := child.Terminal()
	shown := ""
	terminal.Readable.OnText(func(text string) {
		if shown += text; shown == "Password: " {
			terminal.Writable.WriteString("secret\n") // It is typed, and not shown.
		}
	})
	child.OnClose(func(s childprocess.ExitStatus) { fmt.Printf("%q, %v\n", shown, s) })
	if err := loop.Run(); err != nil {
		panic(err)
	}
	// Output:
	// "Password: \r\nwelcome\r\n", exit status 0
}
