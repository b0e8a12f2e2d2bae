package childprocess_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

func init() {
	// terminal-jobs is a small shell: it starts the program in its arguments as a job in the
	// background and as one in the foreground. When the latter has exited, it ends the former.
	helperproc.Register("terminal-jobs", func(args []string) {
		job := func(name string, attr *syscall.SysProcAttr) *exec.Cmd {
			c := exec.Command(args[0], append(args[1:], name)...)
			c.Stdin, c.Stdout, c.Stderr, c.SysProcAttr = os.Stdin, os.Stdout, os.Stderr, attr
			check(0, c.Start())
			return c
		}
		background := job("background", &syscall.SysProcAttr{Setpgid: true})
		foreground := job("foreground", &syscall.SysProcAttr{Foreground: true})
		check(0, foreground.Wait())
		check(0, background.Process.Signal(syscall.SIGUSR1))
		check(0, background.Wait())
	})

	// terminal-job writes when it is interrupted. That ends it in the foreground; in the background
	// SIGUSR1 does.
	helperproc.Register("terminal-job", func(args []string) {
		came := make(chan os.Signal, 8)
		signal.Notify(came, syscall.SIGINT, syscall.SIGUSR1)
		fmt.Println(args[0], "ready")
		fmt.Println(args[0], signals.Name((<-came).(syscall.Signal)))
	})
}

// An interrupt that also went to the background would be written before SIGUSR1.
func TestTheInterruptKeyReachesTheForegroundOnly(t *testing.T) {
	l := newLoop(t)
	file, argv := helperproc.Command("terminal-job")
	c := startWith(t, l, ownTerminal(nil), "terminal-jobs", append([]string{file}, argv...)...)
	s := screenOf(c).when("ready\r\n", func() {}).types("ready\r\n", "\x03")
	run(t, l)
	s.done(t)
	require.Contains(t, s.text, "^Cforeground SIGINT\r\nbackground SIGUSR1\r\n")
	require.Equal(t, terminalEnds("0"), s.log)
}

func TestTheInterruptKeyEndsTheChild(t *testing.T) {
	for key, want := range map[string]string{"\x03": "SIGINT", "\x1c": "SIGQUIT"} {
		t.Run(want, func(t *testing.T) {
			l := newLoop(t)
			s := screenOf(spawn(t, l, shell, []string{"-c", "ulimit -c 0; echo ready; exec cat"}, ownTerminal(nil))).types("ready", key)
			run(t, l)
			require.Equal(t, terminalEnds(want), s.log)
		})
	}
}

// ^Z stops the jobs of a shell.
func TestTheSuspendKeyStopsAJobOfAShell(t *testing.T) {
	const script = `set -m; echo start; cat; echo "status $?"; fg; echo "then $?"`
	l := newLoop(t)
	s := screenOf(spawn(t, l, shell, []string{"-c", script}, ownTerminal(nil)))
	// An echo, and then cat.
	s.types("start", "one\n").when("one\r\n", func() {}).types("one\r\n", "\x1a")
	s.types(fmt.Sprintf("status %d\r\n", 128+int(syscall.SIGTSTP)), "two\n")
	s.when("two\r\n", func() {}).types("two\r\n", "\x04")
	run(t, l)
	s.done(t)
	require.Contains(t, s.text, "then 0\r\n")
	require.Equal(t, terminalEnds("0"), s.log)
}

// The child itself leads the session, where no process could continue it, so the system does not
// stop it for a key. A program that stops itself is reported as usual.
func TestAChildThatStopsItselfForTheSuspendKey(t *testing.T) {
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, _ childprocess.ExitWatch) {
		o := ownTerminal(nil)
		o.StopEvents = true
		c := spawn(t, l, shell, []string{"-c", `trap 'kill -STOP $$; exit 7' TSTP; echo ready; while :; do sleep 0.01; done`}, o)
		s := screenOf(c).types("ready", "\x1a")
		c.OnStop(func(sig syscall.Signal) {
			s.log = append(s.log, "stop "+signals.Name(sig))
			kill(t, c, syscall.SIGCONT)
		})
		run(t, l)
		s.done(t)
		require.Equal(t, append([]string{"spawn", "stop SIGSTOP"}, terminalEnds("7")[1:]...), s.log)
	})
}

// A password is asked for at /dev/tty, whatever stdin is.
func TestAPasswordIsAskedForAtTheTerminal(t *testing.T) {
	const script = `stty -echo </dev/tty; printf 'Password: ' >/dev/tty; read p </dev/tty; stty echo </dev/tty; echo >/dev/tty; echo "it was $p"`
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", script}, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, childprocess.PTY(nil)},
	})
	ev := events(c).reading()
	s := screenOf(c).types("Password: ", "secret\n")
	run(t, l)
	s.done(t)
	require.Equal(t, "Password: \r\n", s.text, "no echo")
	require.Equal(t, "it was secret\n", string(ev.data[1]))
}

func TestSSHKeygenAsksForItsPassphrase(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("ssh-keygen is not installed")
	}
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, childprocess.Run(t.Context(), keygen, "-q", "-t", "ed25519", "-N", "old secret", "-f", key))
	for name, stdio := range map[string][]childprocess.Stdio{
		"at the terminal":    childprocess.AllStdio(childprocess.PTY(nil)),
		"away from stdin":    {childprocess.Ignore, childprocess.PTY(nil), childprocess.PTY(nil)},
		"with its own pipes": {childprocess.Pipe, childprocess.Pipe, childprocess.PTY(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c := spawn(t, l, keygen, []string{"-p", "-f", key}, &childprocess.Options{Stdio: stdio})
			ev := events(c).reading()
			s := screenOf(c)
			s.types("old passphrase: ", "old secret\n").types("new passphrase", "old secret\n").types("again: ", "old secret\n")
			run(t, l)
			s.done(t)
			require.True(t, ev.status.Success(), "%v: %s", ev.status, s.text)
			require.NotContains(t, s.text, "secret", "no echo")
		})
	}
}
