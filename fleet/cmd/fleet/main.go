// Fleet runs jobs on many machines: a server keeps them, agents take them, and any program can be
// the worker.
//
//	fleet serve   -dir DIR [-listen HOST:PORT] [-queue Q]... [-users FILE -cert FILE -key FILE]
//	fleet agent   -queue Q... [-n N] [-lines] -- COMMAND [ARG]...
//	fleet submit  -queue Q [-id ID] [-delay D] [-wait] JOB...    a JOB of "-" is one on each line of stdin
//	fleet status  [-queue Q]...
//	fleet cancel  ID [REASON]
//	fleet dead    [-requeue] [ID]...
//	fleet drain   [-grace D] AGENT
//
// A JOB that is no JSON is a text, and becomes a JSON string. The agent runs the command once for
// each job. Its stdin is the job, which is JSON, and its stdout is the answer. An exit status other
// than 0 is a failure, whose reason is the end of stderr. FLEET_JOB, FLEET_QUEUE and FLEET_ATTEMPT
// are in its environment. So a shell script can be the worker:
//
//	fleet agent -queue sums -- sh -c 'sha256sum "$(jq -r .)"'
//	fleet submit -queue sums -wait /etc/hostname
//
// With -lines the command is started once and speaks the protocol of pool.Lines on its descriptor
// 3.
//
// All commands except serve take -url, -name and -user, or FLEET_URL, FLEET_NAME and FLEET_USER,
// and the password from FLEET_PASSWORD. -ca is a file with the certificates to trust. None of these
// variables is in the environment of a worker.
//
// The exit code is 0 for success, 1 for an error, 2 for wrong arguments, and 3 if a job failed that
// submit -wait waited for. SIGINT and SIGTERM end serve and agent. An agent lets its jobs finish
// for the time of -grace; a second signal ends that time.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/brood-go/brood/childprocess"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
	exitJob    = 3 // a job failed that submit waited for
)

// workers are the programs that this binary is when an agent forks it.
var workers = childprocess.Workers{"each": each}

// program has the streams and the signals that a command uses.
type program struct {
	in       io.Reader
	out, err io.Writer
	signals  <-chan os.Signal
}

// commands are the commands by name.
var commands = map[string]func(p *program, args []string) error{
	"serve": serve, "agent": agent, "submit": submit, "status": status, "cancel": cancel, "dead": dead, "drain": drain,
}

// synopses are the arguments of the commands, by name.
var synopses = map[string]string{
	"serve":  "-dir DIR [-listen HOST:PORT] [-queue Q]... [-ack-wait D] [-users FILE -cert FILE -key FILE]",
	"agent":  "-queue Q[:WEIGHT]... [-agent NAME] [-n N] [-attempts N] [-strict] [-grace D] [-lines] -- COMMAND [ARG]...",
	"submit": "-queue Q [-id ID] [-method M] [-delay D | -cron PATTERN] [-timeout D] [-attempts N] [-wait] JOB...",
	"status": "[-queue Q]...",
	"cancel": "ID [REASON]",
	"dead":   "[-limit N | -requeue ID...]",
	"drain":  "[-grace D] AGENT",
}

// usageError reports wrong arguments.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// errJob is returned by submit if a job failed; its line has been printed.
var errJob = errors.New("not all jobs were done")

func main() {
	if worker, err := workers.Run(); worker {
		if err != nil {
			fmt.Fprintln(os.Stderr, "fleet worker:", err)
			os.Exit(exitFailed)
		}
		os.Exit(0)
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	p := &program{os.Stdin, os.Stdout, os.Stderr, signals}
	os.Exit(p.run(os.Args[1:]))
}

// run runs the command that args name, and returns the exit code.
func (p *program) run(args []string) int {
	var names []string
	for name := range commands {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(args) == 0 || commands[args[0]] == nil {
		for _, name := range names {
			fmt.Fprintln(p.err, "fleet", name, synopses[name])
		}
		return exitUsage
	}
	err := commands[args[0]](p, args[1:])
	_, usage := errors.AsType[*usageError](err)
	switch {
	case err == nil:
		return 0
	case usage:
		fmt.Fprintf(p.err, "fleet %s: %v\nusage: fleet %s %s\n", args[0], err, args[0], synopses[args[0]])
		return exitUsage
	case errors.Is(err, errJob):
		return exitJob
	}
	fmt.Fprintf(p.err, "fleet %s: %s\n", args[0], strings.ReplaceAll(strings.TrimPrefix(err.Error(), "fleet: "), "\n", ": "))
	return exitFailed
}

// untilSignal returns a context that ends with the next signal. The caller must call the function.
func (p *program) untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	// It ends with the signal or the context.
	go func() {
		select {
		case <-p.signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
