package childprocess_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/streams"
)

func ExampleSpawnSync() {
	r := childprocess.SpawnSync("sh", []string{"-c", "tr a-z A-Z; echo done >&2; exit 3"}, &childprocess.SyncOptions{
		Input: []byte("hello\n"),
	})
	fmt.Printf("%s%s%v\n", r.Stdout, r.Stderr, r.Status)
	// Output:
	// HELLO
	// done
	// exit status 3
}

func ExampleExecFileSync() {
	out, err := childprocess.ExecFileSync("echo", []string{"$HOME is not expanded"}, nil)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s", out)
	// Output: $HOME is not expanded
}

func ExampleExecSync() {
	_, err := childprocess.ExecSync("sleep 20; echo too late", &childprocess.SyncOptions{
		Options: childprocess.Options{Timeout: 50 * time.Millisecond},
	})
	failed, ok := errors.AsType[*childprocess.ExitError](err)
	fmt.Println(ok, errors.Is(err, childprocess.ErrTimeout), failed.Status)
	// Output: true true signal: SIGTERM
}

func ExampleOutput() {
	out, err := childprocess.Output(context.Background(), "sh", "-c", "echo no such thing >&2; exit 1")
	fmt.Printf("%q\n%v\n", out, err)
	// Output:
	// ""
	// command failed: sh -c echo no such thing >&2; exit 1: exit status 1
	// no such thing
}

func ExampleOutputWith() {
	o := &childprocess.RunOptions{Input: strings.NewReader("pear\napple\n")}
	o.Env = []string{"LC_ALL=C", "PATH=/bin:/usr/bin"}
	o.Timeout = 10 * time.Second
	out, err := childprocess.OutputWith(context.Background(), o, "sort")
	if err != nil {
		panic(err)
	}
	fmt.Print(string(out))
	// Output:
	// apple
	// pear
}

func ExampleLinesWith() {
	o := &childprocess.RunOptions{}
	o.LineEnd = streams.CarriageReturn // Programs that show their progress in one line end it so.
	for line, err := range childprocess.LinesWith(context.Background(), o, "printf", `10%%\r100%%\r\ndone\n`) {
		if err != nil {
			panic(err)
		}
		fmt.Println(line)
	}
	// Output:
	// 10%
	// 100%
	// done
}

func ExampleLines() {
	for line, err := range childprocess.Lines(context.Background(), "yes") {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(line)
		break // This kills the child.
	}
	// Output: y
}
