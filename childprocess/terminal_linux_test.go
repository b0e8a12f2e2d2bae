package childprocess_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func init() {
	// own-terminal opens its terminal by name, as programs do that get the name.
	helperproc.Register("own-terminal", func([]string) {
		name := check(os.Readlink("/proc/self/fd/0"))
		f := check(os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0))
		check(fmt.Fprint(f, "opened"))
	})

	// starved-terminal starts children on terminals with 0 free descriptors, then with 1, and so on
	// until one runs. It writes the events of each, and then the output of its terminal.
	helperproc.Register("starved-terminal", func([]string) {
		openRuntimePoller()
		var all [][]string
		for left, ran := 0, false; !ran; left++ {
			before := leakcheck.FDs()
			l := check(openLoop())
			giveBack := takeDescriptors(left)
			c := check(childprocess.Spawn(l, "/bin/echo", []string{"shown"}, ownTerminal(nil)))
			c.OnSpawn(func() { ran = true })
			s := screenOf(c)
			check(0, l.Run())
			giveBack()
			check(0, l.Close())
			if after := leakcheck.FDs(); !maps.Equal(before, after) {
				s.text = fmt.Sprint(before, " became ", after)
			}
			all = append(all, append(s.log, s.text))
		}
		writeAll(1, check(json.Marshal(all)))
	})
}

// A container may have no /dev/ptmx.
func TestWithoutPseudoTerminals(t *testing.T) {
	noNewFDs(t)
	for name, async := range map[string]bool{"at once": false, "Async": true} {
		t.Run(name, func(t *testing.T) {
			var log []string
			var told error
			err := inNamespace(unix.CLONE_NEWNS, "mnt", func(string) error {
				err := errors.Join(
					unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
					unix.Mount("tmpfs", "/dev", "tmpfs", 0, ""))
				if err != nil {
					return err
				}
				l, err := openLoop()
				if err != nil {
					return err
				}
				o := ownTerminal(nil)
				o.Async = async
				c, err := childprocess.Spawn(l, "/bin/true", nil, o)
				if err != nil {
					return errors.Join(err, l.Close())
				}
				s := screenOf(c)
				c.OnError(func(err error) { told = err })
				err = errors.Join(l.Run(), l.Close())
				log = s.log
				return err
			})
			if errors.Is(err, errNoNamespace) {
				t.Skip(err)
			}
			require.NoError(t, err)
			require.Equal(t, []string{"error ENOENT", "close -2", "terminal close"}, log)
			require.Equal(t, &childprocess.SpawnError{
				Op: "spawn", Step: childprocess.StepStdio, File: "/bin/true", Path: "slot 0", Args: []string{}, Err: syscall.ENOENT,
			}, told)
			require.ErrorIs(t, told, os.ErrNotExist)
		})
	}
}

// All terminals may be in use.
func TestWithoutFurtherPseudoTerminals(t *testing.T) {
	noNewFDs(t)
	var second error
	var s *screen
	err := inNamespace(unix.CLONE_NEWNS, "mnt", func(string) error {
		err := errors.Join(
			unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
			unix.Mount("tmpfs", "/dev", "tmpfs", 0, ""),
			unix.Mkdir("/dev/pts", 0o755),
			unix.Mount("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,max=1"),
			os.Symlink("pts/ptmx", "/dev/ptmx"))
		if err != nil {
			return err
		}
		l, err := openLoop()
		if err != nil {
			return err
		}
		c, err := childprocess.Spawn(l, "/bin/echo", []string{"shown"}, ownTerminal(nil))
		if err != nil {
			return errors.Join(err, l.Close())
		}
		_, second = childprocess.Spawn(l, "/bin/echo", nil, ownTerminal(nil))
		s = screenOf(c)
		return errors.Join(l.Run(), l.Close())
	})
	if errors.Is(err, errNoNamespace) {
		t.Skip(err)
	}
	require.NoError(t, err)
	require.Equal(t, "shown\r\n", s.text)
	require.Equal(t, &childprocess.SpawnError{
		Op: "spawn", Step: childprocess.StepStdio, File: "/bin/echo", Path: "slot 0", Args: []string{}, Err: syscall.ENOSPC,
	}, second)
}

// A program of another user may open the terminal by name.
func TestTheTerminalBelongsToTheUserOfTheChild(t *testing.T) {
	needRoot(t)
	l := newLoop(t)
	file, argv := helperproc.Command("own-terminal")
	o := ownTerminal(nil)
	o.UID, o.GID, o.Dir = new(uint32(nobody)), new(uint32(nobody)), "/"
	s := screenOf(spawn(t, l, publicly(t, file), argv, o))
	run(t, l)
	require.Equal(t, "opened", s.text)
	require.Equal(t, terminalEnds("0"), s.log)
}

// With any number of free descriptors, the child runs, or is refused with a closed terminal, and
// nothing is left.
func TestTerminalsWithFewDescriptorsLeft(t *testing.T) {
	l := newLoop(t)
	var all [][]string
	require.NoError(t, json.Unmarshal([]byte(output(t, l, start(t, l, "starved-terminal"))), &all))
	require.Greater(t, len(all), 3, "a master, a slave and a second one of it")
	last := len(all) - 1
	require.Equal(t, append(terminalEnds("0"), "shown\r\n"), all[last])
	for left, log := range all[:last] {
		require.Equal(t, []string{"error EMFILE", "close -24", "terminal close", ""}, log, "with %d descriptors left", left)
	}
}

// A process that has the terminal open after the child's exit, and survives SIGHUP, delays close
// until the grace is over.
func TestAGrandchildHoldsTheTerminal(t *testing.T) {
	for name, keep := range map[string]string{"in the child's group": "", "in a group of its own": "set -m; "} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			o := ownTerminal(nil)
			o.CloseGrace = 50 * time.Millisecond
			c := spawn(t, l, shell, []string{"-c", keep + `trap '' HUP; sleep 1000 & echo pid $!; exit 6`}, o)
			s := screenOf(c)
			ev := events(c)
			run(t, l)
			_, rest, _ := strings.Cut(s.text, "pid ")
			pid, err := strconv.Atoi(strings.TrimSpace(rest))
			require.NoError(t, err)
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL), "it lives on")
			require.True(t, ev.status.CutOff)
			require.Equal(t, "close 6", s.log[len(s.log)-1])
		})
	}
}

// On every backend, the terminal is the child's controlling one.
func TestATerminalGoesWithOtherSettings(t *testing.T) {
	user := uint32(nobody)
	for name, o := range map[string]childprocess.Options{
		"Async":             {Async: true, Pdeathsig: syscall.SIGKILL},
		"BackendForkExec":   {Backend: childprocess.BackendForkExec},
		"Chroot":            {Chroot: "/"},
		"FDsCloseOnExec":    {FDPolicy: childprocess.FDsCloseOnExec},
		"KillScope":         {KillScope: childprocess.ScopeTree, Timeout: time.Hour},
		"NoNewPrivs":        {NoNewPrivs: true},
		"Pdeathsig":         {Pdeathsig: syscall.SIGKILL},
		"PreSpawn":          {PreSpawn: func() error { return nil }},
		"UID":               {UID: &user, GID: &user, Dir: "/"},
		"a mount namespace": {Cloneflags: unix.CLONE_NEWNS},
		"a pid namespace":   {Cloneflags: unix.CLONE_NEWPID},
		"a user namespace":  {Cloneflags: unix.CLONE_NEWUSER},
	} {
		t.Run(name, func(t *testing.T) {
			noNewFDs(t)
			l := newLoop(t)
			o.Stdio = childprocess.AllStdio(childprocess.PTY(nil))
			c, err := childprocess.Spawn(l, shell, []string{"-c", "stty size </dev/tty; read x; echo got $x"}, &o)
			if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrPermission) {
				t.Skip(err)
			}
			require.NoError(t, err)
			var told error
			c.OnError(func(err error) { told = err })
			s := screenOf(c).types("24 80\r\n", "in\n")
			run(t, l)
			if errors.Is(told, os.ErrPermission) {
				t.Skip(told)
			}
			s.done(t)
			require.Equal(t, "24 80\r\nin\r\ngot in\r\n", s.text)
			require.Equal(t, terminalEnds("0"), s.log)
		})
	}
}
