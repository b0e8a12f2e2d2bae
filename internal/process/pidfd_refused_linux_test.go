//go:build amd64 || arm64

package process_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/sandbox"
)

// withPidfd starts a child that runs until it is killed, and leads a group.
func withPidfd(t *testing.T) process.Process {
	t.Helper()
	spec := command(pauseProgram.newProgram(t))
	spec.Pidfd, spec.Setpgid = true, true
	p := start(t, newStarter(t), spec)
	if p.Pidfd < 0 {
		require.NoError(t, p.OpenPidfd())
	}
	return p
}

func TestAChildIsSignalledWherePidfdSendSignalIsRefused(t *testing.T) {
	sandbox.Need(t, "pidfd_open")
	for name, send := range map[string]func(p process.Process) error{
		"the child": func(p process.Process) error { return p.Signal(unix.SIGTERM) },
		"its group": func(p process.Process) error { return p.SignalGroup(unix.SIGTERM, false) },
	} {
		t.Run(name, func(t *testing.T) {
			sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
				p := withPidfd(t)
				sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_PIDFD_SEND_SIGNAL))
				require.Equal(t, unix.EINVAL, p.Signal(1000), "a mistake is one")
				require.NoError(t, send(p))
				require.Equal(t, process.Change{Kind: process.Signaled, Signal: unix.SIGTERM}, finish(t, p))
			})
		})
	}
}

// The child's number may belong to another process.
func TestAChildThatOthersHaveWaitedForIsNotSignalledByItsNumber(t *testing.T) {
	sandbox.Need(t, "pidfd_open")
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		p := withPidfd(t)
		require.NoError(t, unix.Kill(p.Pid, unix.SIGKILL))
		_, err := unix.Wait4(p.Pid, nil, 0, nil)
		require.NoError(t, err)
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_PIDFD_SEND_SIGNAL))
		sandbox.Kill(t, sandbox.Number(unix.SYS_KILL))
		require.Equal(t, unix.ESRCH, p.Signal(unix.SIGTERM))
		p.Close()
	})
}

func TestAChildIsWaitedForWhereWaitidRefusesItsPidfd(t *testing.T) {
	sandbox.Need(t, "pidfd_open")
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		p := withPidfd(t)
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_WAITID).With(0, unix.P_PIDFD))
		change, err := p.Wait(false, nil)
		require.NoError(t, err)
		require.Equal(t, process.Change{}, change)
		require.False(t, p.Ended())
		require.NoError(t, p.Signal(unix.SIGKILL))
		require.Equal(t, process.Change{Kind: process.Signaled, Signal: unix.SIGKILL}, finish(t, p))
	})
}

func TestWherePidfdsAreRefusedThereAreNone(t *testing.T) {
	for name, call := range map[string]sandbox.Call{
		"pidfd_open": sandbox.Number(unix.SYS_PIDFD_OPEN),
		"waitid":     sandbox.Number(unix.SYS_WAITID).With(0, unix.P_PIDFD),
	} {
		t.Run(name, func(t *testing.T) {
			sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
				nothingIsLeft(t)
				sandbox.Refuse(t, errno, call)
				require.False(t, process.HasPidfd())
			})
		})
	}
}

func TestAStatusThatTheKernelDoesNotReturnIsLost(t *testing.T) {
	sandbox.Need(t, "pidfd_open")
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		p := withPidfd(t)
		require.NoError(t, unix.Kill(p.Pid, unix.SIGKILL))
		_, err := unix.Wait4(p.Pid, nil, 0, nil)
		require.NoError(t, err)
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_IOCTL).With(1, unix.PIDFD_GET_INFO))
		require.Equal(t, process.Change{Kind: process.Lost}, p.Recover())
		p.Close()
	})
}

func TestProgramsAreFoundWhereFaccessat2IsRefused(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"program": 0o755, "text": 0o644} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, mode))
	}
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_FACCESSAT2))
		require.NoError(t, process.Executable(filepath.Join(dir, "program")))
		require.Equal(t, unix.EACCES, process.Executable(filepath.Join(dir, "text")))
		require.Equal(t, unix.ENOENT, process.Executable(filepath.Join(dir, "none")))
	})
}
