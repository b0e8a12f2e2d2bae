package childprocess_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/streams"
)

var errInput = errors.New("the input is broken")

// plain is a Reader without the other methods of the one inside.
type plain struct{ io.Reader }

// inputText is longer than a pipe and its stream hold.
func inputText() []byte {
	p := make([]byte, 1<<20+1)
	rand.New(rand.NewSource(1)).Read(p)
	return p
}

func withInput(r io.Reader) *childprocess.RunOptions { return &childprocess.RunOptions{Input: r} }

func TestEveryByteOfTheInputReachesTheChild(t *testing.T) {
	noNewFDs(t)
	text := inputText()
	for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, len(text)} {
		p := text[:size]
		file := writeFile(t, filepath.Join(t.TempDir(), "in"), string(p), 0o600)
		for name, open := range map[string]func() io.Reader{
			"bytes.Reader":   func() io.Reader { return bytes.NewReader(p) },
			"bytes.Buffer":   func() io.Reader { return bytes.NewBuffer(bytes.Clone(p)) },
			"strings.Reader": func() io.Reader { return strings.NewReader(string(p)) },
			"part of one": func() io.Reader {
				r := strings.NewReader("before" + string(p))
				_, err := r.Seek(6, io.SeekStart)
				require.NoError(t, err)
				return r
			},
			"plain":             func() io.Reader { return plain{bytes.NewReader(p)} },
			"data with the end": func() io.Reader { return iotest.DataErrReader(bytes.NewReader(p)) },
			"halves":            func() io.Reader { return iotest.HalfReader(bytes.NewReader(p)) },
			"a file": func() io.Reader {
				f, err := os.Open(file)
				require.NoError(t, err)
				t.Cleanup(func() { _ = f.Close() }) // Best effort: it was only read.
				return f
			},
			"a pipe": func() io.Reader {
				r, w, err := os.Pipe()
				require.NoError(t, err)
				go func() { // It ends when everything is read.
					_, _ = w.Write(p)
					_ = w.Close()
				}()
				t.Cleanup(func() { _ = r.Close() })
				return r
			},
			"a pipe of this program": func() io.Reader {
				r, w := io.Pipe()
				go func() { // It ends when everything is read.
					_, _ = w.Write(p)
					_ = w.Close()
				}()
				return r
			},
		} {
			in := open()
			out, err := childprocess.OutputWith(t.Context(), withInput(in), "cat")
			require.NoError(t, err, name)
			require.True(t, bytes.Equal(p, out), "%s: %d bytes of %d", name, len(out), size)
			rest, err := io.ReadAll(in)
			require.NoError(t, err)
			require.Empty(t, rest, name)
		}
	}
	lines := collectLines(childprocess.LinesWith(t.Context(), withInput(plain{strings.NewReader("b\na\n")}), "sort"))
	require.Equal(t, ranged{lines: []string{"a", "b"}}, lines)
	require.NoError(t, childprocess.RunWith(t.Context(), withInput(strings.NewReader("x")), "grep", "x"))
}

func TestStdinMayBeAPipeWithoutInput(t *testing.T) {
	noNewFDs(t)
	o := &childprocess.RunOptions{Options: stdioOf(childprocess.Pipe)}
	out, err := childprocess.OutputWith(t.Context(), o, shell, "-c", "test -p /dev/stdin && cat")
	require.NoError(t, err)
	require.Empty(t, out)
}

// A file is the child's own descriptor: the bytes that it leaves are there for the next reader.
func TestAnInputFileIsTheChildsStdin(t *testing.T) {
	noNewFDs(t)
	f, err := os.Open(writeFile(t, filepath.Join(t.TempDir(), "in"), "one\ntwo\nthree\n", 0o600))
	require.NoError(t, err)
	defer f.Close()
	for _, want := range []string{"one\n", "two\n"} {
		out, err := childprocess.OutputWith(t.Context(), withInput(f), shell, "-c", `read line; echo "$line"; test -f /dev/stdin`)
		require.NoError(t, err)
		require.Equal(t, want, string(out))
	}
	rest, err := io.ReadAll(f)
	require.NoError(t, err)
	require.Equal(t, "three\n", string(rest))
	require.NoError(t, f.Close())
	_, err = childprocess.OutputWith(t.Context(), withInput(f), "cat")
	failed, ok := err.(*childprocess.SpawnError)
	require.True(t, ok, "%v", err)
	require.Equal(t, childprocess.StepStdio, failed.Step)
	require.Equal(t, syscall.EBADF, failed.Err)
}

// The files that Go makes of sockets are non-blocking, which programs do not expect of stdin.
func TestAnInputThatWouldNotWaitIsReadForTheChild(t *testing.T) {
	noNewFDs(t)
	// Close-on-exec: a child with the other side would wait for itself.
	a, b, err := fd.SocketPair()
	require.NoError(t, err)
	for _, n := range []int{a, b} {
		require.NoError(t, syscall.SetNonblock(n, true))
	}
	in, peer := os.NewFile(uintptr(a), "in"), os.NewFile(uintptr(b), "peer")
	defer in.Close()
	go func() { // It ends at once.
		_, _ = peer.WriteString("from a socket")
		_ = peer.Close()
	}()
	out, err := childprocess.OutputWith(t.Context(), withInput(in), "cat")
	require.NoError(t, err)
	require.Equal(t, "from a socket", string(out))
}

func TestAnInputThatNobodyReadsIsEPIPE(t *testing.T) {
	noNewFDs(t)
	long := inputText()
	isEPIPE := func(err error, name string) {
		t.Helper()
		failed, ok := errors.AsType[*childprocess.ExitError](err)
		require.True(t, ok, "%s: %v", name, err)
		require.True(t, failed.Status.Success())
		pipe, ok := errors.AsType[*streams.OpError](failed.Err)
		require.True(t, ok, "%v", failed.Err)
		require.Equal(t, syscall.EPIPE, pipe.Err)
	}
	for form, call := range runForms {
		for range 20 { // The child may be fast or slow.
			_, err := call(t.Context(), withInput(bytes.NewReader(long)), "true")
			isEPIPE(err, form)
			_, err = call(t.Context(), withInput(bytes.NewBuffer(bytes.Clone(long))), "true")
			isEPIPE(err, form)
			// Bytes that fit into the pipe are no error.
			_, err = call(t.Context(), withInput(bytes.NewReader(long[:64<<10])), "true")
			require.NoError(t, err)
		}
		// Of another Reader, only the bytes that were read count: here more than fits into the
		// pipe, for a child that closes its stdin or keeps it.
		for _, script := range []string{"exec <&-; cat \"$0\"", "cat \"$0\""} {
			goOn := filepath.Join(t.TempDir(), "go-on")
			require.NoError(t, syscall.Mkfifo(goOn, 0o600))
			in := &counted{r: endless{}}
			in.after(128<<10, func() { in.awaitQuiet(); check(0, os.WriteFile(goOn, nil, 0)) })
			_, err := call(t.Context(), withInput(in), shell, "-c", script, goOn)
			isEPIPE(err, form)
		}
	}
	// The sync forms mean the same.
	r := childprocess.SpawnSync("true", nil, &childprocess.SyncOptions{Input: long})
	require.ErrorIs(t, r.Err, syscall.EPIPE)
}

// endless yields newlines without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '\n'
	}
	return len(p), nil
}

// A grandchild that holds the child's stdin does not make unread input a success.
func TestAnInputThatTheChildHasLeftToOthersIsEPIPE(t *testing.T) {
	noNewFDs(t)
	args := []string{"-c", "exec 3<&0; sleep 1000 <&3 >/dev/null 2>&1 & echo $!"}
	out, err := childprocess.OutputWith(t.Context(), withInput(bytes.NewReader(inputText())), shell, args...)
	killGrandchild(t, string(out))
	require.ErrorIs(t, err, syscall.EPIPE)
	r := childprocess.SpawnSync(shell, args, &childprocess.SyncOptions{Input: inputText()})
	killGrandchild(t, string(r.Stdout))
	require.ErrorIs(t, r.Err, syscall.EPIPE)
}

func TestAnInputThatFailsEndsTheChild(t *testing.T) {
	noNewFDs(t)
	for name, broken := range map[string]struct {
		in   io.Reader
		want error
	}{
		"at once":       {iotest.ErrReader(errInput), errInput},
		"in the middle": {io.MultiReader(strings.NewReader("some text"), iotest.ErrReader(errInput)), errInput},
		"with data":     {&withError{}, errInput},
		"no progress":   {plain{lazy{}}, io.ErrNoProgress},
	} {
		for form, call := range runForms {
			if name == "in the middle" {
				broken.in = io.MultiReader(strings.NewReader("some text"), iotest.ErrReader(errInput))
			}
			// The child reads to the end, and must be killed before it sees an end that is none.
			_, err := call(t.Context(), withInput(broken.in), shell, "-c", "cat >/dev/null; exec sleep 1000")
			failed, ok := errors.AsType[*childprocess.ExitError](err)
			require.True(t, ok, "%s, %s: %v", form, name, err)
			require.Equal(t, &childprocess.InputError{Err: broken.want}, failed.Err)
			require.Equal(t, failed.Err, failed.Status.Cause)
			require.Equal(t, syscall.SIGTERM, failed.Status.Signal)
			require.ErrorIs(t, err, broken.want)
			require.Contains(t, err.Error(), "reading the input: ")
		}
	}
	_, err := childprocess.OutputWith(t.Context(), withInput(liar{}), shell, "-c", "cat; exec sleep 1000")
	require.ErrorContains(t, err, "impossible count")
}

// withError returns its error together with its last bytes.
type withError struct{}

func (*withError) Read(p []byte) (int, error) { return copy(p, "text"), errInput }

// lazy returns neither bytes nor an error.
type lazy struct{}

func (lazy) Read([]byte) (int, error) { return 0, nil }

// liar returns a count beyond the length of the slice.
type liar struct{}

func (liar) Read(p []byte) (int, error) { return len(p) + 1, nil }

func init() {
	// first-line passes on the first line of its stdin, and ends.
	helperproc.Register("first-line", func([]string) {
		var line []byte
		for b := make([]byte, 1); len(line) == 0 || line[len(line)-1] != '\n'; {
			check(os.Stdin.Read(b))
			line = append(line, b...)
		}
		writeAll(1, line)
	})
}

// A Read that never returns blocks only its own goroutine.
func TestAnInputThatNeverComesDoesNotHoldUpTheCall(t *testing.T) {
	noNewFDs(t)
	file, argv := helperproc.Command("first-line")
	for form, call := range runForms {
		in, w := io.Pipe()
		reads := &counted{r: in}
		go func() { _, _ = w.Write([]byte("line\n")) }() // It ends when that is read.
		out, err := call(t.Context(), withInput(reads), file, argv...)
		require.NoError(t, err, form)
		if form != "RunWith" {
			require.Equal(t, "line", strings.TrimSuffix(out, "\n"))
		}
		// The Read that may be under way is the last one.
		require.NoError(t, w.CloseWithError(errInput))
		_, _ = in.Read(make([]byte, 1)) // It comes after that Read.
		require.LessOrEqual(t, reads.n.Load(), int32(2))
	}
}

func TestTheEndOfAContextDoesNotWaitForTheInput(t *testing.T) {
	noNewFDs(t)
	for form, call := range runForms {
		ctx, cancel := context.WithCancelCause(t.Context())
		in, w := io.Pipe()
		go func() { // It ends when the child was started and its input is read.
			_, _ = w.Write([]byte("line\n"))
			cancel(errReason)
		}()
		_, err := call(ctx, withInput(in), "cat")
		require.ErrorIs(t, err, errReason, form)
		require.NoError(t, w.Close())
	}
}

// No more is read than the child takes.
func TestTheInputIsReadNoFasterThanTheChildReads(t *testing.T) {
	noNewFDs(t)
	ready, goOn := filepath.Join(t.TempDir(), "ready"), filepath.Join(t.TempDir(), "go-on")
	require.NoError(t, syscall.Mkfifo(ready, 0o600))
	require.NoError(t, syscall.Mkfifo(goOn, 0o600))
	// A pipe, its stream, the bridge and a chunk hold less than that.
	const total, most = 8 << 20, 1 << 20
	in := &counted{r: io.LimitReader(endless{}, total)}
	done := make(chan error, 1)
	go func() { // It ends with the child.
		_, err := childprocess.OutputWith(t.Context(), withInput(in), shell, "-c", `echo >"$0"; cat "$1"; cat >/dev/null`, ready, goOn)
		done <- err
	}()
	_, err := os.ReadFile(ready)
	require.NoError(t, err)
	in.awaitQuiet()
	require.Less(t, in.bytes.Load(), int64(most))
	require.NoError(t, os.WriteFile(goOn, nil, 0))
	require.NoError(t, <-done)
	require.Equal(t, int64(total), in.bytes.Load())
}

// Input is written while lines of the output are read.
func TestInputAndLinesDoNotWaitForEachOther(t *testing.T) {
	noNewFDs(t)
	n := 0
	for line, err := range childprocess.LinesWith(t.Context(), withInput(io.LimitReader(endless{}, 1<<20)), "cat") {
		require.NoError(t, err)
		require.Empty(t, line)
		n++
	}
	require.Equal(t, 1<<20, n)
	// Leaving the range kills the child and the reading.
	in := &counted{r: endless{}}
	for _, err := range childprocess.LinesWith(t.Context(), withInput(in), "cat") {
		require.NoError(t, err)
		break
	}
	reads := in.n.Load()
	require.NoError(t, childprocess.Run(t.Context(), "true"))
	require.LessOrEqual(t, in.n.Load()-reads, int32(1))
}

// counted counts the bytes read from r.
type counted struct {
	r     io.Reader
	n     atomic.Int32
	bytes atomic.Int64

	mark int64
	fn   func()
}

// after calls fn on a goroutine when n bytes were read.
func (c *counted) after(n int64, fn func()) { c.mark, c.fn = n, fn }

func (c *counted) Read(p []byte) (int, error) {
	c.n.Add(1)
	n, err := c.r.Read(p)
	if c.bytes.Add(int64(n)) >= c.mark && c.fn != nil {
		go c.fn() // It ends when fn returns; nothing waits for it.
		c.fn = nil
	}
	return n, err
}

// awaitQuiet returns when reads seem to have stopped, which only time can show. If it is wrong,
// fewer bytes were read than could have been.
func (c *counted) awaitQuiet() {
	for last := int64(-1); last != c.bytes.Load(); {
		last = c.bytes.Load()
		time.Sleep(20 * time.Millisecond)
	}
}
