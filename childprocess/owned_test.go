package childprocess_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

func init() {
	// take-late waits for the end of descriptor 3, then copies the number of bytes in its argument
	// from stdin to stdout.
	helperproc.Register("take-late", func(args []string) {
		check(io.Copy(io.Discard, os.NewFile(3, "gate")))
		check(io.CopyN(os.Stdout, os.Stdin, int64(check(strconv.Atoi(args[0])))))
	})
}

// plainStream is a stream of another package: Stream asks only for a descriptor.
type plainStream int

func (s plainStream) FD() int { return int(s) }

// pipeEnd is a way to give the writing end of a pipe to a child.
type pipeEnd struct {
	stdio   childprocess.Stdio
	isOpen  func() bool // reports whether the parent still has it
	release func()      // called by the owner at the end
}

func pipeEnds(t *testing.T, l *reactor.Loop) (ways map[string]pipeEnd, readers []int) {
	t.Helper()
	newPipe := func() int {
		r, w := rawPipe(t)
		readers = append(readers, r)
		return w
	}
	raw, other := newPipe(), newPipe()
	fileFD, streamFD := newPipe(), newPipe()
	file, stream := os.NewFile(uintptr(fileFD), "file"), writable(t, l, streamFD)
	ours, theirs := rawSocketPair(t)
	readers = append(readers, ours)
	require.NoError(t, unix.SetNonblock(theirs, true))
	duplex, err := streams.NewDuplex(l, theirs, nil)
	require.NoError(t, err)
	closing := func(fd int) func() { return func() { require.NoError(t, unix.Close(fd)) } }
	return map[string]pipeEnd{
		"FD":             {childprocess.FD(raw), func() bool { return isOpen(raw) }, closing(raw)},
		"File":           {childprocess.File(file), func() bool { return isOpen(fileFD) }, func() { require.NoError(t, file.Close()) }},
		"Writable":       {childprocess.Stream(stream), func() bool { return !stream.Closed() }, stream.End},
		"Duplex":         {childprocess.Stream(duplex), func() bool { return duplex.FD() >= 0 }, func() { duplex.Destroy(nil) }},
		"foreign stream": {childprocess.Stream(plainStream(other)), func() bool { return isOpen(other) }, closing(other)},
	}, readers
}

//brood:checks S026
func TestOwnedIsClosedAndBorrowedIsNot(t *testing.T) {
	file, argv := helperproc.Command("say", "1", "text")
	missing := filepath.Join(t.TempDir(), "nosuch")
	for _, outcome := range []struct {
		name    string
		file    string
		args    []string
		dir     string
		want    string
		returns bool
	}{
		{"started", file, argv, "", "text", false},
		{"error event", missing, nil, "", "", false},
		{"error returned", file, argv, "/etc/passwd", "", true},
		{"misuse", file, []string{"\x00"}, "", "", true},
	} {
		for _, owned := range []bool{false, true} {
			t.Run(fmt.Sprint(outcome.name, ", owned ", owned), func(t *testing.T) {
				noNewFDs(t)
				l := newLoop(t)
				ways, readers := pipeEnds(t, l)
				for name, way := range ways {
					s := way.stdio
					if owned {
						s = s.Owned()
					}
					stdio := append(childprocess.AllStdio(childprocess.Ignore), childprocess.Stdio{})
					stdio[1] = s
					require.True(t, way.isOpen(), name)
					c, err := childprocess.Spawn(l, outcome.file, outcome.args, &childprocess.Options{Stdio: stdio, Dir: outcome.dir})
					require.Equal(t, outcome.returns, err != nil, "%v", err)
					if c != nil {
						events(c)
					}
					require.Equal(t, !owned, way.isOpen(), "%s after Spawn", name)
					run(t, l)
					require.Equal(t, !owned, way.isOpen(), "%s after the child", name)
					if !owned {
						way.release()
					}
				}
				run(t, l)
				for _, fd := range readers {
					r := os.NewFile(uintptr(fd), "reader")
					text, err := io.ReadAll(r)
					require.NoError(t, err)
					require.NoError(t, r.Close())
					require.Equal(t, outcome.want, string(text))
				}
			})
		}
	}
}

func TestOwnedDoesNotConcernOtherForms(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Inherit.Owned(), childprocess.Pipe.Owned(), childprocess.Ignore.Owned()},
	}, "say", "1", "text")
	require.True(t, isOpen(0))
	require.Equal(t, "text", output(t, l, c))
}

func TestClosedDescriptorsAreRefused(t *testing.T) {
	closedFile, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	require.NoError(t, closedFile.Close())
	l := newLoop(t)
	r, w := rawPipe(t)
	closedR, closedW := readable(t, l, r), writable(t, l, w)
	closedR.Destroy(nil)
	closedW.Destroy(nil)
	a, b := rawSocketPair(t)
	closedDuplex, err := streams.NewDuplex(l, a, nil)
	require.NoError(t, err)
	closedDuplex.Destroy(nil)
	require.NoError(t, unix.Close(b))
	run(t, l)
	const free = 900 // No test opens that many.
	require.False(t, isOpen(free))

	for name, s := range map[string]childprocess.Stdio{
		"FD":             childprocess.FD(free),
		"owned FD":       childprocess.FD(free).Owned(),
		"File":           childprocess.File(closedFile),
		"owned File":     childprocess.File(closedFile).Owned(),
		"Readable":       childprocess.Stream(closedR),
		"owned Readable": childprocess.Stream(closedR).Owned(),
		"Writable":       childprocess.Stream(closedW),
		"Duplex":         childprocess.Stream(closedDuplex),
		"owned Duplex":   childprocess.Stream(closedDuplex).Owned(),
		"foreign stream": childprocess.Stream(plainStream(-1)),
		"owned foreign":  childprocess.Stream(plainStream(-1)).Owned(),
	} {
		t.Run(name, func(t *testing.T) {
			for _, slot := range []int{0, 1, 4} {
				stdio := make([]childprocess.Stdio, 6)
				stdio[slot] = s
				stdio[5] = childprocess.Pipe
				failed, emitted := refused(t, "true", nil, &childprocess.Options{Stdio: stdio})
				require.False(t, emitted, "Node throws EBADF")
				require.Equal(t, &childprocess.SpawnError{
					Op: "spawn", Step: childprocess.StepStdio, File: "true", Path: fmt.Sprint("slot ", slot), Args: []string{}, Err: syscall.EBADF,
				}, failed)
			}
		})
	}
	t.Run("Inherit", func(t *testing.T) {
		failed, _ := refused(t, "true", nil, &childprocess.Options{Stdio: []childprocess.Stdio{free: childprocess.Inherit}})
		require.ErrorIs(t, failed, syscall.EBADF)
		require.Equal(t, fmt.Sprint("slot ", free), failed.Path)
	})
}

//brood:checks N033 N046
func TestInheritedDescriptorsAreTheParents(t *testing.T) {
	const size = 100_000
	l := newLoop(t)
	file, argv := helperproc.Command("cat")
	file, argv = helperproc.Command("inherit", append([]string{file}, argv...)...)
	// Two levels between this process and cat.
	c := startWith(t, l, nil, "inherit", append([]string{file}, argv...)...)
	ev := events(c).reading()
	text := strings.Repeat("0123456789", size/10)
	_, err := c.Stdin.WriteString(text)
	require.NoError(t, err)
	c.Stdin.End()
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	require.Equal(t, text, string(ev.data[1]))
}

//brood:checks N035
func TestChildrenMergeTheirOutputIntoAnothersInput(t *testing.T) {
	for _, owned := range []bool{false, true} {
		t.Run(fmt.Sprint("owned ", owned), func(t *testing.T) {
			l := newLoop(t)
			cat := start(t, l, "cat")
			got := events(cat).reading()
			say := func(text string, out childprocess.Stdio, then func()) {
				c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{childprocess.Ignore, out}}, "say", "1", text)
				c.OnExit(func(s childprocess.ExitStatus) {
					require.True(t, s.Success(), "%v", s)
					then()
				})
			}
			want := "first second "
			say("first ", childprocess.Stream(cat.Stdin), func() {
				out := childprocess.Stream(cat.Stdin)
				if owned {
					out = out.Owned()
				}
				say("second ", out, func() {
					if !owned {
						// It is still ours to write to and to end.
						_, err := cat.Stdin.WriteString("parent")
						require.NoError(t, err)
						cat.Stdin.End()
					}
				})
			})
			if !owned {
				want += "parent"
			}
			run(t, l)
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, got.process())
			require.Equal(t, want, string(got.data[1]))
		})
	}
}

//brood:checks N036
func TestBorrowedStreamIsReadOnAfterTheBorrower(t *testing.T) {
	const text = "for the borrower, for the parent"
	const borrowed = len("for the borrower")
	l := newLoop(t)
	writer := start(t, l, "say", "1", text)
	read := ""
	writer.Stdout.OnData(func(chunk []byte) { read += string(chunk) })
	require.True(t, writer.Stdout.Flowing())
	borrower := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{childprocess.Stream(writer.Stdout)}}, "take", fmt.Sprint(borrowed))
	require.False(t, writer.Stdout.Flowing(), "to lend it pauses it")
	ev, borrowers := events(writer), events(borrower).reading()
	borrower.OnExit(func(childprocess.ExitStatus) {
		require.Empty(t, read)
		writer.Stdout.Resume()
	})
	run(t, l)
	require.Equal(t, text[:borrowed], string(borrowers.data[1]))
	require.Equal(t, text[borrowed:], read)
	require.Equal(t, 1, ev.count("close 0"), "%q", ev.Entries)
	require.Equal(t, 1, ev.count("stdout end"), "%q", ev.Entries)
}

//brood:checks N036
func TestLentStreamIsNotDrainedWhenItsChildExits(t *testing.T) {
	l := newLoop(t)
	writer := start(t, l, "say", "1", "text")
	exited := false
	// The borrower reads after the writer has exited and the tick of that exit has passed.
	r, w := rawPipe(t)
	late := startWith(t, l, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Stream(writer.Stdout), 3: childprocess.FD(r).Owned()},
	}, "take-late", "4")
	ev := events(late).reading()
	writer.OnExit(func(childprocess.ExitStatus) {
		exited = true
		l.SetImmediate(func() { l.SetImmediate(func() { require.NoError(t, unix.Close(w)) }) })
	})
	late.OnExit(func(childprocess.ExitStatus) { writer.Stdout.Resume() })
	run(t, l)
	require.True(t, exited)
	require.Equal(t, "text", string(ev.data[1]))
}

//brood:checks N039
func TestDataFlowsBetweenChildrenOnly(t *testing.T) {
	const lines = 1 << 15
	for _, owned := range []bool{true, false} {
		t.Run(fmt.Sprint("owned ", owned), func(t *testing.T) {
			l := newLoop(t)
			lend := func(s *streams.Readable) childprocess.Stdio {
				if owned {
					return childprocess.Stream(s).Owned()
				}
				return childprocess.Stream(s)
			}
			cat := spawn(t, l, "cat", nil, nil)
			grep := spawn(t, l, "grep", []string{"o"}, &childprocess.Options{Stdio: []childprocess.Stdio{lend(cat.Stdout)}})
			wc := spawn(t, l, "wc", []string{"-c"}, &childprocess.Options{Stdio: []childprocess.Stdio{lend(grep.Stdout)}})
			var closes []string
			for name, c := range map[string]*childprocess.ChildProcess{"cat": cat, "grep": grep, "wc": wc} {
				c.OnClose(func(s childprocess.ExitStatus) { closes = append(closes, name+" "+statusText(s)) })
			}
			count := collect(t, wc.Stdout)
			line := strings.Repeat("o", 31) + "\n"
			_, err := cat.Stdin.WriteString(strings.Repeat(line, lines))
			require.NoError(t, err)
			cat.Stdin.End()
			if !owned {
				// When the parent takes a lent stream back, it closes, and close comes.
				wc.OnExit(func(childprocess.ExitStatus) {
					cat.Stdout.Resume()
					grep.Stdout.Resume()
				})
			}
			run(t, l)
			require.Equal(t, fmt.Sprint(lines*len(line)), strings.TrimSpace(*count))
			require.Zero(t, cat.Stdout.BytesRead())
			require.Zero(t, grep.Stdout.BytesRead())
			require.ElementsMatch(t, []string{"cat 0", "grep 0", "wc 0"}, closes)
		})
	}
}

// connectedStreams returns both ends of a connection of Unix sockets, as streams.
func connectedStreams(t testing.TB, l *reactor.Loop) (near, far *streams.Duplex) {
	t.Helper()
	a, b := rawSocketPair(t)
	for fd, d := range map[int]**streams.Duplex{a: &near, b: &far} {
		require.NoError(t, unix.SetNonblock(fd, true))
		var err error
		*d, err = streams.NewDuplex(l, fd, nil)
		require.NoError(t, err)
	}
	return near, far
}

//brood:checks N048
func TestConnectionAsStdoutIsStillTheParentsToEnd(t *testing.T) {
	l := newLoop(t)
	conn, far := connectedStreams(t, l)
	text := collect(t, far.Readable)

	c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.Stream(conn)}}, "say", "1", "child ")
	require.Nil(t, c.Stdout)
	c.OnClose(func(childprocess.ExitStatus) {
		_, err := conn.Writable.WriteString("parent")
		require.NoError(t, err)
		conn.Writable.End()
	})
	fromClient := collect(t, conn.Readable)
	conn.Readable.Resume()
	_, err := far.Writable.WriteString("client")
	require.NoError(t, err)
	far.Writable.End()
	run(t, l)
	require.Equal(t, "child parent", *text)
	require.Equal(t, "client", *fromClient)
}

func TestLentConnectionDoesNotBlockTheLoop(t *testing.T) {
	const size = 8 << 20 // bytes; more than a socket takes at once
	l := newLoop(t)
	client, server := rawSocketPair(t)
	require.NoError(t, unix.SetNonblock(server, true))
	conn, err := streams.NewDuplex(l, server, nil)
	require.NoError(t, err)
	far := readable(t, l, client)
	conn.Readable.Resume()
	c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.Stream(conn)}}, "say", "1", "child")
	require.False(t, conn.Readable.Flowing(), "to lend it pauses it")
	ev := events(c)
	ev.c.OnExit(func(childprocess.ExitStatus) {
		// The connection is in blocking mode now, and only this loop reads the written bytes.
		_, err := conn.Writable.Write(make([]byte, size))
		require.NoError(t, err)
		conn.Writable.End()
	})
	got := 0
	far.OnData(func(chunk []byte) { got += len(chunk) })
	far.OnEnd(func() { conn.Readable.Destroy(nil) })
	run(t, l)
	require.True(t, ev.status.Success())
	require.Equal(t, len("child")+size, got)
}

func TestFileOfAPipeIsUsableByBothSides(t *testing.T) {
	l := newLoop(t)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{1: childprocess.File(w)}}, "say", "1", "child ")
	output(t, l, c)
	_, err = w.WriteString("parent")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, "child parent", string(text))
}

func TestAnOwnedConnectionWorksForTheChild(t *testing.T) {
	// As in inetd(8): the child has the connection, and the parent gives it up.
	l := newLoop(t)
	conn, far := connectedStreams(t, l)
	text := collect(t, far.Readable)
	s := childprocess.Stream(conn).Owned()
	c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{s, s}}, "cat")
	ev := events(c).reading()
	_, err := far.Writable.WriteString("echo")
	require.NoError(t, err)
	far.Writable.End()
	run(t, l)
	require.True(t, ev.status.Success(), "%v: %s", ev.status, ev.data[2])
	require.Equal(t, "echo", *text)
}
