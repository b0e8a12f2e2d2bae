package childprocess_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/streams"
)

func init() {
	// pour writes a number of bytes of the tune with this seed to stdout, in writes of a given
	// length.
	helperproc.Register("pour", func(args []string) {
		seed := check(strconv.ParseUint(args[0], 10, 64))
		total, piece := check(strconv.Atoi(args[1])), check(strconv.Atoi(args[2]))
		all := tune(seed, 1, 0, total)
		for p := range slices.Chunk(all, piece) {
			writeAll(1, p)
		}
	})

	// step writes its arguments to stdout, the next one for each byte on stdin.
	helperproc.Register("step", func(args []string) {
		ack := make([]byte, 1)
		for _, a := range args {
			writeAll(1, []byte(a))
			check(io.ReadFull(os.Stdin, ack))
		}
	})

	// mute writes its argument to stdout and closes it, writes a byte to stderr when it has done
	// so, and waits for the end of its stdin.
	helperproc.Register("mute", func(args []string) {
		writeAll(1, []byte(args[0]))
		check(0, unix.Close(1))
		writeAll(2, []byte{'m'})
		check(io.Copy(io.Discard, os.Stdin))
	})
}

//brood:checks S028 N044
func TestWritesAndTheEndGoThroughCatInCausalOrder(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "cat")
	ev := events(c).reading()
	for _, s := range []string{"hello", " ", "world"} {
		n, err := c.Stdin.WriteString(s)
		require.NoError(t, err)
		require.Equal(t, len(s), n)
	}
	c.Stdin.End()
	run(t, l)
	require.Equal(t, "hello world", string(ev.data[1]))
	require.Empty(t, ev.data[2])
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	for _, entry := range []string{"stdin finish", "stdout end", "stderr end", "exit", "close"} {
		require.Equal(t, 1, ev.count(entry), "%s of %q", entry, ev.Entries)
	}
	for _, order := range [][2]string{
		{"stdin finish", "exit"}, {"stdout data", "stdout end"}, {"stdout end", "close"}, {"stderr end", "close"}, {"exit", "close"},
	} {
		require.Less(t, ev.index(order[0]), ev.index(order[1]), "%v of %q", order, ev.Entries)
	}
}

//brood:checks S029
func TestOutputBeforeTheExitIsReadSlowlyAndWhole(t *testing.T) {
	const total = 256 << 10
	l := newLoop(t)
	c := start(t, l, "pour", "29", strconv.Itoa(total), "65536")
	ev := events(c)
	var got bytes.Buffer
	var afterExit int
	c.Stdout.OnData(func(chunk []byte) {
		got.Write(chunk)
		if ev.count("exit") > 0 {
			afterExit += len(chunk)
			return
		}
		// The child cannot exit before all but a pipe's worth is read.
		c.Stdout.Pause()
		l.SetTimeout(5*time.Millisecond, c.Stdout.Resume)
	})
	run(t, l)
	require.True(t, bytes.Equal(tune(29, 1, 0, total), got.Bytes()))
	require.Equal(t, 1, ev.count("stdout end"))
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	t.Logf("%d bytes came after the exit", afterExit)
}

//brood:checks S029
func TestAllOfItComesAfterTheExit(t *testing.T) {
	const total = 60000 // Less than a pipe holds.
	l := newLoop(t)
	c := start(t, l, "pour", "1", strconv.Itoa(total), "6000")
	ev := events(c)
	c.OnExit(func(childprocess.ExitStatus) {
		require.Zero(t, c.Stdout.BytesRead())
		ev.reading()
	})
	run(t, l)
	require.True(t, bytes.Equal(tune(1, 1, 0, total), ev.data[1]))
	require.Less(t, ev.index("exit"), ev.index("stdout data"))
	require.Less(t, ev.index("stdout end"), ev.index("close"))
}

// random is a reader of the bytes that a seed determines.
func random(seed byte, n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{seed}), n)
}

//brood:checks S030
func TestNumberedLinesThroughCat(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "cat")
	const lines = 10000
	next := 0
	c.Stdout.OnLine(func(line []byte) {
		require.Equal(t, fmt.Sprintf("line %d", next), string(line))
		next++
	})
	for i := range lines {
		_, err := fmt.Fprintf(c.Stdin, "line %d\n", i)
		require.NoError(t, err)
	}
	c.Stdin.End()
	run(t, l)
	require.Equal(t, lines, next)
}

//brood:checks S030
func TestManyMegabytesThroughCatWithBoundedMemory(t *testing.T) {
	total := int64(64 << 20)
	if testing.Short() {
		total = 8 << 20
	}
	l := newLoop(t)
	c := start(t, l, "cat")
	ev := events(c)
	got := sha256.New()
	c.Stdout.OnData(func(chunk []byte) { got.Write(chunk) })

	source := random(30, total)
	sent := sha256.New()
	piece := make([]byte, 100_000)
	most := 0
	feed := func() {
		for !c.Stdin.NeedDrain() {
			n, err := source.Read(piece)
			sent.Write(piece[:n])
			_, werr := c.Stdin.Write(piece[:n])
			require.NoError(t, werr)
			most = max(most, c.Stdin.Buffered())
			if err == io.EOF {
				c.Stdin.End()
				return
			}
			require.NoError(t, err)
		}
	}
	c.Stdin.OnDrain(feed)
	feed()
	run(t, l)
	require.Equal(t, total, c.Stdin.BytesWritten())
	require.Equal(t, total, c.Stdout.BytesRead())
	require.Equal(t, sent.Sum(nil), got.Sum(nil))
	require.Less(t, most, streams.DefaultHighWaterMark+len(piece))
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks S032
func TestAChildThatDoesNotReadIsASuccess(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.Pipe}}, "after", "3", "")
	ev := events(c).reading()
	var told []error
	_, err := c.Stdin.WriteThen(make([]byte, 10<<20), func(err error) { told = append(told, err) })
	require.NoError(t, err)
	require.Positive(t, c.Stdin.Buffered())
	c.Stdio[3].Writable.End() // The child waits for this.
	run(t, l)
	require.Len(t, told, 1)
	require.ErrorIs(t, told[0], syscall.EPIPE)
	require.Equal(t, 1, ev.count("stdin error"), "%q", ev.Entries)
	require.Equal(t, 1, ev.count("stdin error EPIPE"), "%q", ev.Entries)
	require.Less(t, ev.index("stdin error"), ev.index("stdin close"))
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	require.True(t, ev.status.Success())
}

//brood:checks S032
func TestAnErrorOfStdinNeedsNoListener(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "exit", "0")
	closed := false
	c.OnClose(func(s childprocess.ExitStatus) { closed = s.Success() })
	_, err := c.Stdin.Write(make([]byte, 1<<20))
	require.NoError(t, err)
	run(t, l)
	require.True(t, closed)
	_, err = c.Stdin.WriteString("late")
	require.ErrorIs(t, err, streams.ErrClosed)
}

//brood:checks S033
func TestAConsumerThatFailsEndsAnEndlessChild(t *testing.T) {
	errConsumer := errors.New("the consumer's own")
	l := newLoop(t)
	c := spawn(t, l, "yes", nil, nil)
	ev := events(c)
	var got error
	c.Stdout.OnError(func(err error) { got = err })
	c.Stdout.OnData(func([]byte) { c.Stdout.Destroy(errConsumer) })
	run(t, l)
	require.Equal(t, errConsumer, got)
	require.Equal(t, 1, ev.count("stdout error"), "%q", ev.Entries)
	require.Zero(t, ev.count("stdout end"), "%q", ev.Entries)
	require.Equal(t, []string{"spawn", "exit SIGPIPE", "close SIGPIPE"}, ev.process())
}

//brood:checks S034
func TestAStreamPausedAndResumedEndsOnce(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "mute", "x")
	ev := events(c)
	var chunks []string
	c.Stdout.OnData(func(chunk []byte) {
		chunks = append(chunks, string(chunk))
		c.Stdout.Pause()
	})
	c.Stderr.OnData(func([]byte) { c.Stderr.Pause() }) // The writer of stdout has exited.
	c.Unref()
	run(t, l) // Until no stream is read.
	require.Equal(t, []string{"x"}, chunks)
	require.Zero(t, ev.count("stdout end"))

	c.Stdout.Resume()
	run(t, l)
	require.Equal(t, []string{"x"}, chunks)
	require.Equal(t, 1, ev.count("stdout end"))

	c.Stdout.Resume()
	c.Ref()
	c.Stdin.End()
	run(t, l)
	require.Equal(t, 1, ev.count("stdout end"))
	require.Equal(t, 1, ev.count("stdout close"))
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks S035
func TestTheEndOfAWriterLongGoneComesInOneTurn(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "mute", "")
	ev := events(c)
	c.Stderr.OnData(func([]byte) { l.Stop() }) // It has closed its stdout.
	run(t, l)
	require.Zero(t, ev.count("stdout end"))
	c.Stdout.Resume()
	_, err := l.Poll(0)
	require.NoError(t, err)
	require.Equal(t, 1, ev.count("stdout end"))
	require.Equal(t, 1, ev.count("stdout close"))
	c.Stdin.End()
	run(t, l)
}

//brood:checks S036
func TestPiecesOfAnySizeArriveInOrderWithTheirCallbacks(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "cat")
	ev := events(c).reading()
	sizes := []int{1, 200_000, 0, 3, 0}
	var want []byte
	for i, n := range sizes {
		p := tune(uint64(i), 0, 0, n)
		want = append(want, p...)
		_, err := c.Stdin.WriteThen(p, func(err error) {
			require.NoError(t, err)
			ev.Add("wrote " + strconv.Itoa(i))
		})
		require.NoError(t, err)
	}
	c.Stdin.End()
	run(t, l)
	require.True(t, bytes.Equal(want, ev.data[1]))
	for i := range sizes {
		require.Equal(t, 1, ev.count("wrote "+strconv.Itoa(i)))
		require.Less(t, ev.index("wrote "+strconv.Itoa(i)), ev.index("stdin finish"), "%q", ev.Entries)
		if i > 0 {
			require.Less(t, ev.index("wrote "+strconv.Itoa(i-1)), ev.index("wrote "+strconv.Itoa(i)), "%q", ev.Entries)
		}
	}
}

//brood:checks S037
func TestLinesAcrossTheBordersOfChunks(t *testing.T) {
	text := "one\ntwo\r\n\n\r\nsm\u00f8rg\u00e5s \U0001f41f\nlast without newline"
	want := []string{"one", "two", "", "", "sm\u00f8rg\u00e5s \U0001f41f", "last without newline"}
	for cut := 1; cut <= 7; cut += 2 {
		var pieces []string
		for p := range slices.Chunk([]byte(text), cut) {
			pieces = append(pieces, string(p))
		}
		l := newLoop(t)
		c := start(t, l, "step", pieces...)
		var lines []string
		var all strings.Builder
		chunks := 0
		c.Stdout.OnData(func(chunk []byte) {
			require.Equal(t, pieces[chunks], string(chunk), "the child waits between its writes")
			chunks++
			_, err := c.Stdin.Write([]byte{'.'})
			require.NoError(t, err)
		})
		c.Stdout.OnText(func(s string) { all.WriteString(s) })
		c.Stdout.OnLine(func(line []byte) { lines = append(lines, string(line)) })
		run(t, l)
		require.Equal(t, want, lines, "cut to %d", cut)
		require.Equal(t, text, all.String(), "cut to %d", cut)
		require.Equal(t, len(pieces), chunks)
	}
}
