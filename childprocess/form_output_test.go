package childprocess_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// upcase answers each line with the same line in capitals.
	helperproc.Register("upcase", func([]string) {
		buf := make([]byte, 4096)
		for {
			n, err := os.Stdin.Read(buf)
			if err == io.EOF {
				return
			}
			writeAll(1, bytes.ToUpper(buf[:check(n, err)]))
		}
	})

	// under starts the program in its arguments on a loop, with this process's own three
	// descriptors, and ends in the same way.
	helperproc.Register("under", func(args []string) {
		l := check(openLoop())
		c := check(childprocess.Spawn(l, args[0], args[1:], &childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Inherit)}))
		if c.Stdin != nil || c.Stdout != nil || c.Stderr != nil {
			fail(errors.New("streams for inherited descriptors"))
		}
		check(0, l.Run())
		s, _ := c.Status()
		helperproc.Exit(s.Code)
	})

	// chain n, with n > 0, starts chain n-1, passes its output on and waits for it.
	helperproc.Register("chain", func(args []string) {
		n := check(strconv.Atoi(args[0]))
		if n == 0 {
			writeAll(1, []byte("end of chain"))
			return
		}
		l := check(openLoop())
		args[0] = strconv.Itoa(n - 1)
		c := check(childprocess.Spawn(l, args[1], slices.Concat(args[2:3], args), &childprocess.Options{
			Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, childprocess.Ignore},
		}))
		if c.Stdin != nil || c.Stderr != nil {
			fail(errors.New("streams for ignored descriptors"))
		}
		c.Stdout.OnData(func(chunk []byte) { writeAll(1, chunk) })
		closed := false
		c.OnClose(func(s childprocess.ExitStatus) { closed = s.Success() })
		check(0, l.Run())
		if !closed {
			fail(errors.New("no close"))
		}
	})
}

//brood:checks N041 N043
func TestOutputJustBeforeTheEndIsComplete(t *testing.T) {
	l := newLoop(t)
	for i := range 50 {
		c := start(t, l, "say", "1", "first\n", "2", "between\n", "1", "last\n")
		ev := events(c).reading()
		c.OnClose(func(childprocess.ExitStatus) {
			require.Equal(t, "first\nlast\n", string(ev.data[1]), "child %d", i)
			require.Equal(t, "between\n", string(ev.data[2]), "child %d", i)
		})
		if i%10 == 9 {
			run(t, l)
		}
	}
}

//brood:checks N042
func TestManyTinyWritesAllArrive(t *testing.T) {
	const total = 500_000
	l := newLoop(t)
	c := start(t, l, "pour", "42", strconv.Itoa(total), "1")
	ev := events(c).reading()
	run(t, l)
	require.True(t, bytes.Equal(tune(42, 1, 0, total), ev.data[1]))
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks N073
func TestAChildMayCloseItsOwnStdout(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", "printf foo; exec 1>&-"}, nil)
	ev := events(c).reading()
	run(t, l)
	require.Equal(t, "foo", string(ev.data[1]))
	require.Empty(t, string(ev.data[2]))
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks N045
func TestQuestionAndAnswer(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "upcase")
	questions := []string{"one", "two", "three", "four"}
	ask := func(i int) {
		_, err := c.Stdin.WriteString(questions[i] + "\n")
		require.NoError(t, err)
	}
	var answers []string
	c.Stdout.OnLine(func(line []byte) {
		answers = append(answers, string(line))
		if len(answers) == len(questions) {
			c.Stdin.End()
			return
		}
		ask(len(answers))
	})
	ev := events(c)
	ask(0)
	run(t, l)
	require.Equal(t, []string{"ONE", "TWO", "THREE", "FOUR"}, answers)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks N046
func TestAGrandchildWithInheritedDescriptorsWritesEverything(t *testing.T) {
	const total = 100_000
	l := newLoop(t)
	file, argv := helperproc.Command("pour", "46", strconv.Itoa(total), "100000")
	c := start(t, l, "under", append([]string{file}, argv...)...)
	ev := events(c).reading()
	run(t, l)
	require.True(t, bytes.Equal(tune(46, 1, 0, total), ev.data[1]), "stderr: %s", ev.data[2])
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks N048
func TestAnAcceptedConnectionIsAChildsStdout(t *testing.T) {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unix"})
	require.NoError(t, err)
	defer listener.Close()
	client, err := net.DialUnix("unix", nil, listener.Addr().(*net.UnixAddr))
	require.NoError(t, err)
	defer client.Close()
	conn, err := listener.AcceptUnix()
	require.NoError(t, err)
	defer conn.Close()
	file, err := conn.File()
	require.NoError(t, err)

	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.File(file).Owned(), childprocess.Pipe},
	}, "say", "1", "to the client")
	ev := events(c).reading()
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process(), "stderr: %s", ev.data[2])

	_, err = conn.Write([]byte(", and so did we")) // The parent can still end it.
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	got, err := io.ReadAll(client)
	require.NoError(t, err)
	require.Equal(t, "to the client, and so did we", string(got))
}

//brood:checks N049
func TestAChainOfFiveWaitsForItsEnd(t *testing.T) {
	l := newLoop(t)
	file, argv := helperproc.Command("chain", "5")
	c := spawn(t, l, file, append(argv, file, argv[0]), nil)
	require.Equal(t, "end of chain", output(t, l, c))
}

//brood:checks N050
func TestChildrenOneAfterTheOtherLoseNothing(t *testing.T) {
	const rounds, total = 41, 1000 << 10
	l := newLoop(t)
	var rest func(left int)
	done := 0
	rest = func(left int) {
		if left == 0 {
			return
		}
		c := start(t, l, "pour", "50", strconv.Itoa(total), "65536")
		n := 0
		c.Stdout.OnData(func(chunk []byte) { n += len(chunk) })
		c.OnClose(func(s childprocess.ExitStatus) {
			require.True(t, s.Success())
			require.Equal(t, total, n)
			done++
			rest(left - 1)
		})
	}
	rest(rounds)
	run(t, l)
	require.Equal(t, rounds, done)
}
