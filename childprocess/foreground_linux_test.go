package childprocess_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

// terminalView is the terminal as a process sees it.
type terminalView struct{ Pid, Group, Session, Foreground int }

func viewTerminal() terminalView {
	tty := check(unix.Open("/dev/tty", unix.O_RDWR|unix.O_CLOEXEC, 0))
	defer unix.Close(tty)
	return terminalView{os.Getpid(), unix.Getpgrp(), check(unix.Getsid(0)), check(unix.IoctlGetInt(tty, unix.TIOCGPGRP))}
}

func init() {
	helperproc.Register("terminal-view", func([]string) { writeAll(1, check(json.Marshal(viewTerminal()))) })

	// in-front leads the session of its terminal, starts children there, and writes their view and
	// its own before and after.
	helperproc.Register("in-front", func(args []string) {
		views := []terminalView{viewTerminal()}
		see := func(o childprocess.Options) {
			l := check(openLoop())
			ev := events(check(childprocess.Spawn(l, args[0], args[1:], &o))).reading()
			check(0, l.Run())
			check(0, l.Close())
			var view terminalView
			check(0, json.Unmarshal(ev.data[1], &view))
			views = append(views, view)
		}
		see(childprocess.Options{})
		see(childprocess.Options{Foreground: true})
		// This program is in the background now; its children can nevertheless be in front.
		see(childprocess.Options{Foreground: true, Setpgid: true, Async: true})
		see(childprocess.Options{Foreground: true, KillScope: childprocess.ScopeChild})
		see(childprocess.Options{Foreground: true, KillScope: childprocess.ScopeTree})
		see(childprocess.Options{Setpgid: true})
		views = append(views, viewTerminal())
		writeAll(1, check(json.Marshal(views)))
	})
}

func TestAChildInTheForeground(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	master, slave := rawTerminal(t)
	defer unix.Close(master)
	terminal := os.NewFile(uintptr(slave), "terminal")
	defer terminal.Close()
	child, argv := helperproc.Command("terminal-view")
	file, args := helperproc.Command("in-front", append([]string{child}, argv...)...)
	leader := exec.Command(file, args...)
	var out, errout bytes.Buffer
	leader.Stdin, leader.Stdout, leader.Stderr = terminal, &out, &errout
	leader.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, leader.Run(), "%s", errout.String())

	var views []terminalView
	require.NoError(t, json.Unmarshal(out.Bytes(), &views))
	before, plain, last, background, after := views[0], views[1], views[5], views[6], views[7]
	session := leader.Process.Pid
	for _, view := range views {
		require.Equal(t, session, view.Session)
	}
	require.Equal(t, terminalView{session, session, session, session}, before)
	require.Equal(t, terminalView{plain.Pid, session, session, session}, plain)
	for _, front := range views[2:6] {
		require.Equal(t, terminalView{front.Pid, front.Pid, session, front.Pid}, front, "in a group of its own")
	}
	require.Equal(t, terminalView{background.Pid, background.Pid, session, last.Pid}, background)
	require.Equal(t, terminalView{session, session, session, last.Pid}, after)
}

func init() {
	// without-terminal starts a child in the foreground and writes the error.
	helperproc.Register("without-terminal", func([]string) {
		l := check(openLoop())
		_, err := childprocess.Spawn(l, "/bin/echo", nil, &childprocess.Options{Foreground: true})
		writeAll(1, []byte(err.Error()))
	})
}

func TestWithoutATerminalThereIsNoForeground(t *testing.T) {
	ownForkOnly(t)
	file, argv := helperproc.Command("without-terminal")
	l := newLoop(t)
	c := spawn(t, l, file, argv, &childprocess.Options{Detached: true})
	require.Equal(t, "spawn /bin/echo: foreground: ENXIO: no such device or address", output(t, l, c))
}
