package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/examples/internal/program"
)

// startOnTerminal starts cmd as a shell would, with a new pseudo-terminal as its controlling
// terminal, and returns the terminal's other side: what a user sees and types.
func startOnTerminal(t *testing.T, cmd *exec.Cmd) *os.File {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("a pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { _ = master.Close() })
	raw, err := master.SyscallConn()
	require.NoError(t, err)
	number := 0
	require.NoError(t, raw.Control(func(fd uintptr) {
		err = errors.Join(
			unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0),
			unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100}))
		if err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	}))
	require.NoError(t, err)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	defer slave.Close() // With it open here the terminal would never end.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	program.Start(t, cmd)
	return master
}

// screen reads what the program writes until it contains text, or, for "", until the terminal is
// closed.
func screen(t *testing.T, master *os.File, text string) string {
	t.Helper()
	var seen strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := master.Read(buf)
		seen.Write(buf[:n])
		if text != "" && strings.Contains(seen.String(), text) {
			return seen.String()
		}
		if err != nil {
			// Linux says so when the last program has closed the other side.
			if !errors.Is(err, syscall.EIO) {
				require.ErrorIs(t, err, io.EOF)
			}
			require.Empty(t, text, "the terminal was closed; it showed %q", seen.String())
			return seen.String()
		}
	}
}

func TestTerminalShowsABarThenTheSummary(t *testing.T) {
	c := oddNames()
	cmd := program.Command(t, c.write(t))
	seen := screen(t, startOnTerminal(t, cmd), "")
	require.NoError(t, cmd.Wait(), "%s", seen)

	const clearLine = "\x1b[2K\r"
	end := strings.LastIndex(seen, clearLine)
	require.Positive(t, end, "the bar is cleared at the end: %q", seen)
	require.Regexp(t, `^\r0/32 files +0% \|.*\| \( ?0 B/1\.1 MB\)`, seen[:end])
	requireSummary(t, strings.ReplaceAll(seen[end+len(clearLine):], "\r\n", "\n"), c, someWorkers, "32")
}

func TestInterruptKeyEndsTheJob(t *testing.T) {
	cmd := program.Command(t, "-j", "2", endless(t, 3))
	master := startOnTerminal(t, cmd)
	// The first thing that is read ends what is drawn with nothing read.
	seen := screen(t, master, "0/3 files") + screen(t, master, "B/s")
	gone := watchWorkers(t, cmd.Process.Pid)
	const interruptKey = "\x03"
	_, err := master.WriteString(interruptKey)
	require.NoError(t, err)
	seen += screen(t, master, "")
	require.ErrorAs(t, cmd.Wait(), new(*exec.ExitError))
	require.Equal(t, 130, cmd.ProcessState.ExitCode(), "%q", seen)
	require.Contains(t, seen, "treesum: stopped by SIGINT\r\n")
	gone()
}
