package childprocess_test

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// leave starts the program in its arguments with its own descriptors 0 to 4 and exits.
	helperproc.Register("leave", func(args []string) {
		check(syscall.ForkExec(args[0], args, &syscall.ProcAttr{Env: []string{}, Files: []uintptr{0, 1, 2, 3, 4}}))
	})

	// after waits for the end of a descriptor and then writes a text to stdout.
	helperproc.Register("after", func(args []string) {
		check(io.Copy(io.Discard, os.NewFile(uintptr(check(strconv.Atoi(args[0]))), "gate")))
		writeAll(1, []byte(args[1]))
	})

	// late-cat does what cat does, once a byte has come on descriptor 3.
	helperproc.Register("late-cat", func([]string) {
		check(io.ReadFull(os.NewFile(3, "gate"), make([]byte, 1)))
		check(io.Copy(os.Stdout, os.Stdin))
	})
}

//brood:checks S045 N040
func TestStreamsThatAreNotReadComeToTheirEnd(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{5: childprocess.Pipe}}, "say", "1", "out", "2", "errors", "5", "x")
	ev := events(c)
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	for fd, n := range map[int]int64{1: 3, 2: 6, 5: 1} {
		require.Equal(t, n, c.Stdio[fd].Readable.BytesRead())
		require.Equal(t, 1, ev.count(slotName(fd)+" end"), "%q", ev.Entries)
		require.Less(t, ev.index("exit"), ev.index(slotName(fd)+" end"), "%q", ev.Entries)
	}
	require.Equal(t, 1, ev.count("stdio5w close"), "%q", ev.Entries)
}

//brood:checks S045 N040
func TestAChildThatSaysNothingCloses(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "exit", "0")
	ev := events(c)
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks S045
func TestPausedStreamsAreDrainedAfterTheExit(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "say", "1", "out", "2", "err")
	ev := events(c).reading()
	c.Stdout.Pause()
	c.Stderr.Pause()
	run(t, l)
	require.Equal(t, "out", string(ev.data[1]), "a listener that was there before gets the data")
	require.Equal(t, "err", string(ev.data[2]))
	require.Less(t, ev.index("exit"), ev.index("stdout data"))
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks S045
func TestListenersAddedInTheExitCallbackGetEverything(t *testing.T) {
	const text = "one\ntwo"
	for name, listen := range map[string]func(c *childprocess.ChildProcess, got *bytes.Buffer){
		"OnData": func(c *childprocess.ChildProcess, got *bytes.Buffer) {
			c.Stdout.OnData(func(chunk []byte) { got.Write(chunk) })
		},
		"OnText": func(c *childprocess.ChildProcess, got *bytes.Buffer) {
			c.Stdout.OnText(func(s string) { got.WriteString(s) })
		},
		"OnLine": func(c *childprocess.ChildProcess, got *bytes.Buffer) {
			c.Stdout.OnLine(func(line []byte) {
				if got.Len() > 0 {
					got.WriteByte('\n')
				}
				got.Write(line)
			})
		},
		"Collect": func(c *childprocess.ChildProcess, got *bytes.Buffer) {
			c.Stdout.Collect(-1, func(data []byte, err error) {
				if err == nil {
					got.Write(data)
				}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c := start(t, l, "say", "1", text)
			var got bytes.Buffer
			c.OnExit(func(childprocess.ExitStatus) { listen(c, &got) })
			run(t, l)
			require.Equal(t, text, got.String())
		})
		t.Run(name+" on its tick", func(t *testing.T) {
			l := newLoop(t)
			c := start(t, l, "say", "1", text)
			var got bytes.Buffer
			// Node flushes on a tick that it queues after the exit event.
			c.OnExit(func(childprocess.ExitStatus) { l.NextTick(func() { listen(c, &got) }) })
			run(t, l)
			require.Equal(t, text, got.String())
		})
	}
}

//brood:checks S045
func TestAGrandchildThatHoldsThePipesDelaysCloseAndNotExit(t *testing.T) {
	for _, how := range []string{atOnce, atExit, paused, ignored} {
		t.Run(how, func(t *testing.T) {
			l := newLoop(t)
			// The grandchild waits for the end of stdin, which is destroyed at the exit.
			file, argv := helperproc.Command("after", "0", "from the grandchild")
			c := start(t, l, "leave", append([]string{file}, argv...)...)
			ev := events(c)
			switch how {
			case atOnce:
				ev.reading()
			case atExit:
				c.OnExit(func(childprocess.ExitStatus) { ev.reading() })
			case paused:
				ev.reading()
				c.Stdout.Pause()
			}
			c.OnExit(func(childprocess.ExitStatus) { require.Zero(t, ev.count("stdout")) })
			run(t, l)
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
			require.EqualValues(t, len("from the grandchild"), c.Stdout.BytesRead())
			if how != ignored {
				require.Equal(t, "from the grandchild", string(ev.data[1]))
				require.Less(t, ev.index("exit"), ev.index("stdout data"), "%q", ev.Entries)
			}
			require.Less(t, ev.index("stdout end"), ev.index("close"), "%q", ev.Entries)
		})
	}
}

//brood:checks S045
func TestAChildThatClosesItsOutputsEarlyClosesWithItsExit(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "sh", []string{"-c", "echo out; exec 1>&- 2>&-; read x; exit 4"}, nil)
	ev := events(c).reading()
	closed := 0
	atEnd := func() {
		if closed++; closed == 2 {
			require.Zero(t, ev.count("exit"))
			c.Stdin.End()
		}
	}
	c.Stdout.OnClose(atEnd)
	c.Stderr.OnClose(atEnd)
	run(t, l)
	require.Equal(t, "out\n", string(ev.data[1]))
	require.Equal(t, ev.index("exit 4")+1, ev.index("close 4"), "%q", ev.Entries)
	require.Less(t, ev.index("stdout close"), ev.index("exit"), "%q", ev.Entries)
	require.Less(t, ev.index("stderr close"), ev.index("exit"), "%q", ev.Entries)
}

//brood:checks S045
func TestDestroyedStreamsDoNotHoldClose(t *testing.T) {
	for name, destroy := range map[string]func(c *childprocess.ChildProcess){
		"stdin":                 func(c *childprocess.ChildProcess) { c.Stdin.Destroy(nil) },
		"stdout":                func(c *childprocess.ChildProcess) { c.Stdout.Destroy(nil) },
		"stdout with an error":  func(c *childprocess.ChildProcess) { c.Stdout.Destroy(io.ErrUnexpectedEOF) },
		"a two-way one":         func(c *childprocess.ChildProcess) { c.Stdio[3].Readable.Destroy(nil); c.Stdio[3].Writable.Destroy(nil) },
		"its reading half only": func(c *childprocess.ChildProcess) { c.Stdio[3].Readable.Destroy(nil) },
		"its writing half only": func(c *childprocess.ChildProcess) { c.Stdio[3].Writable.Destroy(nil) },
	} {
		for _, when := range []string{"at once", "at exit"} {
			t.Run(name+" "+when, func(t *testing.T) {
				l := newLoop(t)
				c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.Pipe}}, "exit", "0")
				ev := events(c).reading()
				if when == "at once" {
					destroy(c)
				} else {
					c.OnExit(func(childprocess.ExitStatus) { destroy(c) })
				}
				run(t, l)
				require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
				for i := range c.Stdio {
					require.Equal(t, 1, ev.count(slotName(i)+" close"), "%q", ev.Entries)
				}
			})
		}
	}
}

// A grandchild has the other end of the socket, so no end comes and the program destroys the
// stream.
//
//brood:checks S045
func TestATwoWayStreamGivenUpAfterTheExitDoesNotHoldClose(t *testing.T) {
	gate, open, err := os.Pipe()
	require.NoError(t, err)
	l := newLoop(t)
	file, argv := helperproc.Command("after", "4", "")
	c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{
		childprocess.Ignore, childprocess.Ignore, childprocess.Ignore, childprocess.Pipe, childprocess.File(gate).Owned(),
	}}, "leave", append([]string{file}, argv...)...)
	ev := events(c)
	c.OnExit(func(childprocess.ExitStatus) {
		l.SetImmediate(func() { c.Stdio[3].Readable.Destroy(nil) })
	})
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process(), "%q", ev.Entries)
	require.Equal(t, 1, ev.count("stdio3 close"))
	require.Equal(t, 1, ev.count("stdio3w close"))
	require.NoError(t, open.Close()) // The grandchild exits.
}

//brood:checks S045 N036
func TestALentStreamIsTheOtherChildsToRead(t *testing.T) {
	l := newLoop(t)
	a := start(t, l, "say", "1", "for b")
	evA := events(a)
	b := startWith(t, l, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Stream(a.Stdout), 3: childprocess.Pipe},
	}, "late-cat")
	evB := events(b).reading()
	a.OnExit(func(childprocess.ExitStatus) {
		l.SetImmediate(func() { // If a were flushed, that would be over by now.
			_, err := b.Stdio[3].Writable.Write([]byte{'!'})
			require.NoError(t, err)
		})
	})
	run(t, l)
	require.Equal(t, "for b", string(evB.data[1]))
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, evB.process())
	require.Zero(t, a.Stdout.BytesRead())
	require.Equal(t, []string{"spawn", "exit 0"}, evA.process(), "its stdout is not at its end here")

	a.Stdout.Resume()
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, evA.process())
}
