package childprocess_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

func init() {
	// leave-behind starts a program with its own stdin and stdout, and exits first.
	helperproc.Register("leave-behind", func(argv []string) {
		check(os.StartProcess(argv[0], argv, &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, nil}}))
	})

	// late-lines writes many lines to stdout once its stdin has ended.
	helperproc.Register("late-lines", func([]string) {
		check(io.Copy(io.Discard, os.Stdin))
		writeAll(1, []byte(strings.Repeat("a line\n", manyLines)))
	})
}

// leaveLines starts a child that leaves a grandchild with many lines. The grandchild writes them
// when the child's stdin is destroyed, which is at the child's exit.
func leaveLines(t *testing.T, l *reactor.Loop) *childprocess.ChildProcess {
	t.Helper()
	file, argv := helperproc.Command("late-lines")
	return start(t, l, "leave-behind", append([]string{file}, argv...)...)
}

// manyLines are longer than a pipe and a bridge hold.
const manyLines = 100_000

// ranged is the result of a goroutine that ranges over the lines of a child.
type ranged struct {
	lines []string
	err   error // of the last pair, which has no line then
}

func ranging(c *childprocess.ChildProcess) <-chan ranged {
	result := make(chan ranged, 1)
	go func() { // It ends with the range.
		result <- collectLines(c.Lines())
	}()
	return result
}

func collectLines(lines iter.Seq2[string, error]) (got ranged) {
	for line, err := range lines {
		if got.err = err; err == nil {
			got.lines = append(got.lines, line)
		}
	}
	return got
}

//brood:checks S037
func TestLinesOfAChildForAGoroutine(t *testing.T) {
	// With one thread, the goroutine often comes after the child's exit.
	for _, procs := range []int{0, 1} {
		before := runtime.GOMAXPROCS(procs)
		for range 20 {
			l := newLoop(t)
			c := start(t, l, "say", "1", "one\r\n\n\xFFtwo\nlast")
			result := ranging(c)
			run(t, l)
			require.Equal(t, ranged{lines: []string{"one", "", "\xFFtwo", "last"}}, <-result)
		}
		runtime.GOMAXPROCS(before)
	}
}

// The goroutine may come at any time.
//
//brood:checks S037
func TestLinesAfterTheChildsEnd(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "say", "1", strings.Repeat("a line\n", 9000), "2", "of stderr")
	run(t, l)
	require.True(t, c.Stdout.Closed())
	require.Equal(t, ranged{lines: slices.Repeat([]string{"a line"}, 9000)}, <-ranging(c))
	for line, err := range c.Stderr.Lines() {
		require.NoError(t, err)
		require.Equal(t, "of stderr", string(line))
	}
	require.False(t, l.Alive())
	require.NoError(t, l.Close())
	require.Equal(t, ranged{}, <-ranging(c), "there is no more")
}

// Output of a grandchild that was not asked for is dropped past the high-water mark, and the range
// reports it.
func TestLinesThatAreAskedForTooLate(t *testing.T) {
	l := newLoop(t)
	c := leaveLines(t, l)
	ev := events(c)
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	got := <-ranging(c)
	require.Equal(t, streams.ErrUnread, got.err)
	require.Equal(t, slices.Repeat([]string{"a line"}, streams.DefaultHighWaterMark/len("a line\n")), got.lines)
}

// A range over the rest ends the grandchild, too, which had seen no broken pipe before.
func TestBreakAfterLostLinesDestroysTheStream(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "sh", []string{"-c", "yes 2>/dev/null & "}, nil)
	done := make(chan struct{})
	c.OnExit(func(childprocess.ExitStatus) {
		var beyond func()
		beyond = func() {
			if c.Stdout.BytesRead() <= streams.DefaultHighWaterMark {
				l.SetImmediate(beyond)
				return
			}
			go func() { // It ends by itself.
				defer close(done)
				for range c.Lines() {
					break
				}
			}()
		}
		beyond()
	})
	run(t, l) // Until close.
	<-done
	require.True(t, c.Stdout.Closed())
}

// The same for a range that starts between exit and close: it gets all lines.
func TestLinesOfAGrandchildAfterExit(t *testing.T) {
	l := newLoop(t)
	c := leaveLines(t, l)
	result := make(chan ranged, 1)
	c.OnExit(func(childprocess.ExitStatus) {
		asked := make(chan struct{})
		go func() { // It ends with the range.
			lines := c.Lines()
			close(asked)
			result <- collectLines(lines)
		}()
		<-asked
	})
	run(t, l)
	got := <-result
	require.NoError(t, got.err)
	require.Len(t, got.lines, manyLines)
}

//brood:checks S033
func TestBreakOutOfLinesEndsAnEndlessChild(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "yes", nil, nil)
	ev := events(c)
	done := make(chan error, 1)
	go func() { // It ends by itself; the test waits for its report.
		count := 0
		var failed error
		for line, err := range c.Lines() {
			failed = err
			if count++; line != "y" || count == 100_000 {
				break
			}
		}
		_, err := c.Wait(context.Background())
		done <- errors.Join(err, failed)
	}()
	run(t, l)
	require.NoError(t, <-done)
	require.Equal(t, []string{"spawn", "exit SIGPIPE", "close SIGPIPE"}, ev.process())
}

func TestLinesOfAChildThatWasNotStarted(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "/does/not/exist", nil, nil)
	result := ranging(c)
	run(t, l)
	require.Equal(t, ranged{}, <-result)
	_, err := c.Wait(context.Background())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestLinesWithoutAPipe(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Ignore)}, "exit", "0")
	require.Equal(t, ranged{err: childprocess.ErrNoStdout}, <-ranging(c))
	run(t, l)
}

func TestTheLinesOfAChildEndAtOneThatIsTooLong(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "cat", []string{"/dev/zero"}, nil)
	ev := events(c)
	result := ranging(c)
	run(t, l)
	require.Equal(t, ranged{err: streams.ErrLineTooLong}, <-result)
	require.Equal(t, []string{"spawn", "exit SIGPIPE", "close SIGPIPE"}, ev.process())
}

//brood:checks S046
func TestLinesEndWithTheLoop(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "wait")
	c.Unref()
	lines := c.Lines()
	c.Stdout.Unref()
	run(t, l)
	first := make(chan string, 1)
	done := make(chan error, 1)
	go func() { // It ends with the loop.
		got := collectLines(lines)
		for _, line := range got.lines {
			first <- line
		}
		done <- got.err
	}()
	require.NoError(t, l.Close())
	require.ErrorIs(t, <-done, streams.ErrClosed)
	require.Empty(t, first)
	require.ErrorIs(t, (<-ranging(c)).err, streams.ErrClosed)
	awaitNoSurvivor(t)
}

func TestLinesInACallbackPanic(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "say", "1", "line\n")
	c.OnSpawn(func() {
		require.Panics(t, func() {
			for range c.Lines() {
				require.Fail(t, "a line in a callback")
			}
		})
	})
	run(t, l)
	require.Equal(t, ranged{lines: []string{"line"}}, <-ranging(c))
}

// Each stream has its own encoding, and the pieces of a character are joined.
//
//brood:checks N083
func TestEncodingOfAChildsStreams(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "say", "1", "h\xC3", "2", "\x3D\xD8", "1", "\xA9", "2", "\x01\xDE\x41")
	texts := [3]string{}
	c.Stdout.OnText(func(s string) { texts[1] += s })
	c.Stderr.SetEncoding(streams.UTF16LE)
	c.Stderr.OnText(func(s string) { texts[2] += s })
	run(t, l)
	require.Equal(t, [3]string{1: "hé", 2: "😁"}, texts)
}

func ExampleChildProcess_Lines() {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	child, err := childprocess.Spawn(loop, "sh", []string{"-c", "echo one; echo two; echo three"}, nil)
	if err != nil {
		panic(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for line, err := range child.Lines() {
			if err != nil {
				panic(err)
			}
			os.Stdout.WriteString(line + "\n")
		}
	}()
	if err := loop.Run(); err != nil {
		panic(err)
	}
	<-done
	if err := loop.Close(); err != nil {
		panic(err)
	}
	// Output:
	// one
	// two
	// three
}
