package childprocess_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

// turnsOfSpeech are arguments for say, which writes to its stdout and its stderr by turns, n times.
func turnsOfSpeech(n int) (args []string, text string) {
	for range n {
		args = append(args, "1", "out ", "2", "err ")
		text += "out err "
	}
	return args, text
}

// stdioOptions returns Options with these slots.
func stdioOptions(slots ...childprocess.Stdio) *childprocess.Options {
	return &childprocess.Options{Stdio: slots}
}

func TestASlotThatIsTheSameKeepsTheOrderOfTheWrites(t *testing.T) {
	noNewFDs(t)
	args, text := turnsOfSpeech(50)
	for name, row := range map[string]struct {
		slots []childprocess.Stdio
		from  int // the slot whose stream has all output
	}{
		"stderr as stdout":            {[]childprocess.Stdio{2: childprocess.SameAs(1)}, 1},
		"stdout as stderr":            {[]childprocess.Stdio{1: childprocess.SameAs(2)}, 2},
		"a chain":                     {[]childprocess.Stdio{1: childprocess.SameAs(2), 2: childprocess.SameAs(3), 3: childprocess.SameAs(4), 4: childprocess.Pipe}, 4},
		"both as a socket":            {[]childprocess.Stdio{1: childprocess.SameAs(3), 2: childprocess.SameAs(3), 3: childprocess.Pipe}, 3},
		"a default that is not named": {[]childprocess.Stdio{childprocess.Ignore, childprocess.SameAs(2)}, 2},
	} {
		for kind, async := range map[string]bool{"": false, ", async": true} {
			t.Run(name+kind, func(t *testing.T) {
				l := newLoop(t)
				o := stdioOptions(row.slots...)
				o.Async = async
				c := startWith(t, l, o, "say", args...)
				ev := events(c).reading()
				for i := 1; i < len(c.Stdio); i++ {
					require.Equal(t, i == row.from, c.Stdio[i].Readable != nil, "slot %d", i)
				}
				run(t, l)
				require.NoError(t, ev.err)
				require.Equal(t, text, string(ev.data[row.from]))
				require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
				require.Greater(t, ev.index("close"), ev.index(slotName(row.from)+" end"), "%v", ev.Entries)
			})
		}
	}
}

func TestASlotCanBeTheSameAsOneOfAnyOtherForm(t *testing.T) {
	noNewFDs(t)
	args, text := turnsOfSpeech(20)
	name := filepath.Join(t.TempDir(), "out")
	file := check(os.Create(name))
	defer file.Close()
	for form, slot := range map[string]childprocess.Stdio{
		"File": childprocess.File(file), "FD": childprocess.FD(int(file.Fd())),
		"Path": childprocess.Path(name, os.O_WRONLY, 0),
	} {
		t.Run(form, func(t *testing.T) {
			require.NoError(t, file.Truncate(0))
			check(file.Seek(0, 0))
			l := newLoop(t)
			c := startWith(t, l, stdioOptions(childprocess.Ignore, childprocess.SameAs(2), slot), "say", args...)
			require.Empty(t, output(t, l, c))
			require.Equal(t, text, string(check(os.ReadFile(name))))
		})
	}
	t.Run("Ignore", func(t *testing.T) {
		l := newLoop(t)
		c := startWith(t, l, stdioOptions(childprocess.Ignore, childprocess.Ignore, childprocess.SameAs(0), childprocess.SameAs(1)), "say", "3", "unheard")
		require.Empty(t, output(t, l, c))
	})
	t.Run("Inherit", func(t *testing.T) {
		l := newLoop(t)
		inner, innerArgs := helperproc.Command("say", args...)
		c := startWith(t, l, nil, "same-inherit", append([]string{inner}, innerArgs...)...)
		require.Equal(t, text, output(t, l, c))
	})
	t.Run("PTY", func(t *testing.T) {
		l := newLoop(t)
		c := startWith(t, l, stdioOptions(childprocess.PTY(nil), childprocess.SameAs(0), childprocess.SameAs(1), childprocess.SameAs(2)),
			"say", "1", "one ", "2", "two ", "3", "three")
		var shown bytes.Buffer
		c.Terminal().Readable.OnData(func(chunk []byte) { shown.Write(chunk) })
		run(t, l)
		require.Equal(t, "one two three", shown.String())
	})
	t.Run("Stream", func(t *testing.T) {
		l := newLoop(t)
		sink := start(t, l, "cat")
		c := startWith(t, l, stdioOptions(childprocess.Ignore, childprocess.Stream(sink.Stdin).Owned(), childprocess.SameAs(1)), "say", args...)
		require.Nil(t, c.Stderr)
		require.Equal(t, text, output(t, l, sink))
	})
}

func init() {
	// same-inherit starts the program in its arguments with its own stdout as stdout and stderr.
	helperproc.Register("same-inherit", func(args []string) {
		l := check(openLoop())
		check(childprocess.Spawn(l, args[0], args[1:], stdioOptions(childprocess.Ignore, childprocess.Inherit, childprocess.SameAs(1))))
		check(0, l.Run())
	})
}

// In a number above the standard ones, a descriptor keeps its mode; as stdout it must not.
func TestAStandardDescriptorIsInBlockingModeWhateverItIsTheSameAs(t *testing.T) {
	noNewFDs(t)
	r, w := rawPipe(t)
	defer unix.Close(r)
	defer unix.Close(w)
	require.NoError(t, unix.SetNonblock(w, true))
	l := newLoop(t)
	c := startWith(t, l, stdioOptions(childprocess.Ignore, childprocess.SameAs(3), childprocess.Pipe, childprocess.FD(w)), "mode", "1")
	ev := events(c).reading()
	run(t, l)
	require.True(t, ev.status.Success(), "%v: %s", ev.status, ev.data[2])
	require.Equal(t, "blocking", string(ev.data[2]))
	flags := check(unix.FcntlInt(uintptr(w), unix.F_GETFL, 0))
	require.NotZero(t, flags&unix.O_NONBLOCK, "the parent's")
}

func init() {
	// mode writes to stderr the mode of the descriptor in its argument.
	helperproc.Register("mode", func(args []string) {
		flags := check(unix.FcntlInt(uintptr(args[0][0]-'0'), unix.F_GETFL, 0))
		text := "blocking"
		if flags&unix.O_NONBLOCK != 0 {
			text = "non-blocking"
		}
		writeAll(2, []byte(text))
	})
}

func TestTheFormsThatWaitHaveSlotsThatAreTheSame(t *testing.T) {
	noNewFDs(t)
	args, text := turnsOfSpeech(20)
	file, argv := helperproc.Command("say", args...)
	same := childprocess.Options{Stdio: []childprocess.Stdio{2: childprocess.SameAs(1)}}

	r := childprocess.SpawnSync(file, argv, &childprocess.SyncOptions{Options: same})
	require.NoError(t, r.Err)
	require.Equal(t, text, string(r.Stdout))
	require.Nil(t, r.Stderr)

	out, err := childprocess.OutputWith(context.Background(), &childprocess.RunOptions{Options: same}, file, argv...)
	require.NoError(t, err)
	require.Equal(t, text, string(out))

	both := childprocess.Options{Stdio: []childprocess.Stdio{1: childprocess.SameAs(2)}}
	failing, failingArgs := helperproc.Command("say-and-fail", args...)
	err = childprocess.RunWith(context.Background(), &childprocess.RunOptions{Options: both}, failing, failingArgs...)
	var failed *childprocess.ExitError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, text, string(failed.Stderr))
}

func init() {
	// say-and-fail writes single bytes to both descriptors, and exits with 1.
	helperproc.Register("say-and-fail", func(args []string) {
		for i := 0; i < len(args); i += 2 {
			writeAll(int(args[i][0]-'0'), []byte(args[i+1]))
		}
		helperproc.Exit(1)
	})
}

func TestSlotsThatCannotBeTheSameAreRefused(t *testing.T) {
	noNewFDs(t)
	same := childprocess.SameAs
	for name, row := range map[string]struct {
		slots []childprocess.Stdio
		bad   string
		says  string
	}{
		"itself":            {[]childprocess.Stdio{1: same(1)}, "Stdio[1]", "itself"},
		"one another":       {[]childprocess.Stdio{1: same(2), 2: same(1)}, "Stdio[1]", "one another"},
		"leads to a circle": {[]childprocess.Stdio{0: same(1), 1: same(2), 2: same(1)}, "Stdio[0]", "one another"},
		"negative":          {[]childprocess.Stdio{1: same(-1)}, "Stdio[1]", "does not have"},
		"beyond":            {[]childprocess.Stdio{1: same(3)}, "Stdio[1]", "does not have"},
		"closed":            {[]childprocess.Stdio{1: same(3), 4: childprocess.Pipe}, "Stdio[1]", "slot 3, which is closed"},
		"ignored above":     {[]childprocess.Stdio{1: same(3), 3: childprocess.Ignore}, "Stdio[1]", "slot 3, which is closed"},
		"channel":           {[]childprocess.Stdio{1: same(3), 3: childprocess.IPC}, "Stdio[1]", "IPC"},
		"chain to closed":   {[]childprocess.Stdio{1: same(2), 2: same(3), 4: childprocess.Pipe}, "Stdio[1]", "slot 3, which is closed"},
		"all of them":       {childprocess.AllStdio(same(1)), "Stdio[0]", "one another"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			_, err := childprocess.Spawn(l, "true", nil, stdioOptions(row.slots...))
			var bad *childprocess.ArgumentError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, row.bad, bad.Name)
			require.True(t, strings.Contains(bad.Reason, row.says), bad.Reason)
		})
	}
}
