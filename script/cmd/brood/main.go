// Command brood runs a script written for Node.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/host"
)

// exitUsage is Node's exit code for an invalid command line.
const exitUsage = 9

func main() {
	growStack(len(os.Args))
	code, err := run(os.Args[0], os.Args[1:])
	if err != nil {
		if usage, ok := errors.AsType[*usageError](err); ok {
			fmt.Fprintln(os.Stderr, usage)
			os.Exit(exitUsage)
		}
		fmt.Fprintln(os.Stderr, "brood:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

const usage = `Usage: brood [options] [ script.js | - ] [arguments]
       brood run [options] script.js [arguments]

Runs a script written for Node. With - or without a script it is read from stdin.

  -e, --eval CODE       run CODE
  -p, --print [CODE]    run CODE and print its value
  -c, --check           look whether the script can be read, and do not run it
  -r, --require MODULE  load a CommonJS module first
  --import MODULE       import a module first
  --input-type TYPE     what CODE or stdin is: commonjs, module, or either with -typescript
  -C, --conditions NAME a condition for exports and imports of packages
  --env-file FILE       set environment variables from a file
  --stack-trace-limit N, --unhandled-rejections MODE, --max-old-space-size MIB, --expose-gc,
  --no-warnings, --no-deprecation, --throw-deprecation, --trace-warnings…: as in Node
  -v, --version         print the version of Node whose behaviour this has
  -h, --help            print this
  --                    end of options

NODE_OPTIONS has options, too. Options of Node that mean nothing here are taken silently.
`

// run runs the command and returns its exit code. An error is still to be printed.
func run(program string, args []string) (code int, err error) {
	c, err := parse(program, args, os.Getenv("NODE_OPTIONS"))
	switch {
	case err != nil:
		return exitUsage, err
	case c.version:
		fmt.Println(host.NodeVersion)
		return 0, nil
	case c.help:
		fmt.Print(usage)
		return 0, nil
	case c.script == "" && c.eval == nil && !c.tests() && isTerminal(0):
		return exitUsage, &usageError{usage + "\nThere is no interactive mode."}
	}
	keepProcessors()
	dispositions(c.flags)
	loop, err := reactor.New(nil)
	if err != nil {
		return 1, err
	}
	h, err := host.New(loop, options(c))
	if err != nil {
		return 1, err
	}
	// Any other error of startScript was reported, and the script has ended with a code.
	if err := startScript(h, c); errors.Is(err, errInput) {
		return 1, err
	}
	return h.Run()
}

// options returns the host's options. The program does not close the host, because it ends with it.
func options(c *commandLine) *host.Options {
	o := &host.Options{Args: c.args, Argv0: os.Args[0], ExecArgv: c.execArgv, Flags: c.flags, EndOnSignals: true}
	if c.script != "" {
		o.Args = append([]string{c.script}, c.args...)
	}
	for _, flag := range c.flags {
		name, value, _ := strings.Cut(flag, "=")
		switch name {
		case "--expose-internals":
			o.ExposeInternals = true
		case "--max-old-space-size":
			if n, err := strconv.ParseInt(value, 10, 32); err == nil && n > 0 {
				o.MemoryLimit = n << 20
			}
		}
	}
	return o
}

var errInput = errors.New("stdin")

// startScript runs the main script up to its first wait.
func startScript(h *host.Host, c *commandLine) error {
	switch {
	case c.eval != nil:
		return h.MainText(*c.eval, &host.TextOptions{Print: c.print})
	case c.script == "" && c.tests():
		return h.MainFile("") // The library finds the test files.
	case c.script != "" && c.script != "-":
		if c.check {
			return h.Check(c.script)
		}
		return h.MainFile(c.script)
	}
	source, err := io.ReadAll(os.Stdin)
	if err != nil {
		return fmt.Errorf("%w: %w", errInput, err)
	}
	return h.MainText(string(source), &host.TextOptions{Stdin: true, Print: c.print, CheckOnly: c.check})
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	return err == nil
}
