package childprocess_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
)

// fourGenerations has a process with a session of its own, a stopped one, one that catches SIGTERM
// and one that keeps forking. Each process that stays writes its number to a directory.
const fourGenerations = `
note() { touch "$DIR/$1"; }
note $$
setsid sh -c 'touch "$DIR/$$"; sh -c "touch \$DIR/\$\$; sh -c \"touch \\\$DIR/\\\$\\\$; exec sleep 1000\"; true"; true' &
sh -c 'touch "$DIR/$$"; kill -STOP $$; sleep 1000; true' &
sh -c 'touch "$DIR/$$"; trap "" TERM; while :; do sleep 1000; done' &
noted() { while [ "$(ls "$DIR" | wc -l)" -lt "$1" ]; do sleep 0.01; done; }
noted ${COUNT:-6}
sh -c 'touch "$DIR/$$"; while :; do sleep 1000 & touch "$DIR/$!"; sleep 0.002; done' &
noted $((${COUNT:-6} + 3))
echo ready
wait
`

func TestKillTreeLeavesNoSurvivor(t *testing.T) {
	for name, uid := range map[string]uint32{"as this user": uint32(os.Geteuid()), "as nobody": nobody} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			o := &childprocess.Options{Env: append(os.Environ(), "DIR="+dir)}
			if int(uid) != os.Geteuid() {
				needRoot(t)
				require.NoError(t, os.Chmod(dir, 0o777))
				require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
				o.UID, o.GID = &uid, &uid
			}
			l := newLoop(t)
			c := spawn(t, l, "/bin/sh", []string{"-c", fourGenerations}, o)
			ev := events(c)
			sent, err := 0, error(nil)
			whenReady(c, func() {
				there, err := c.KillTree(0)
				require.NoError(t, err)
				require.Greater(t, there, 6)
				sent, err = c.KillTree(syscall.SIGKILL)
				require.NoError(t, err)
			})
			run(t, l)
			require.NoError(t, err)
			require.Greater(t, sent, 6)
			require.Equal(t, "close SIGKILL", ev.last(), "no process has the pipes")
			require.True(t, c.Killed())
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Greater(t, len(entries), 6)
			for _, e := range entries {
				pid, err := strconv.Atoi(e.Name())
				require.NoError(t, err)
				require.True(t, dies(pid), "%d is left", pid)
			}
			sent, err = c.KillTree(syscall.SIGKILL)
			require.NoError(t, err)
			require.Zero(t, sent)
		})
	}
}

func TestKillTreeOfOne(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "wait")
	ev := events(c)
	for _, s := range []syscall.Signal{-1, 1000} {
		_, err := c.KillTree(s)
		require.ErrorIs(t, err, syscall.EINVAL)
	}
	sent, err := c.KillTree(syscall.SIGTERM)
	require.NoError(t, err)
	require.Equal(t, 1, sent)
	run(t, l)
	require.Equal(t, "close SIGTERM", ev.last())

	c = spawn(t, l, "sleep", []string{"1000"}, async())
	ev = events(c)
	sent, err = c.KillTree(syscall.SIGTERM)
	require.NoError(t, err)
	require.Equal(t, 1, sent)
	run(t, l)
	require.Equal(t, "close SIGTERM", ev.last())
}

// Signal 0 changes nothing: a stopped process stays stopped.
func TestKillTreeThatOnlyAsks(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "wait")
	ev := events(c)
	kill(t, c, syscall.SIGSTOP)
	looptest.Until(t, l, func() bool { return procState(c.Pid()) == 'T' })
	sent, err := c.KillTree(0)
	require.NoError(t, err)
	require.Equal(t, 1, sent)
	require.Equal(t, byte('T'), procState(c.Pid()))
	sent, err = c.KillTree(syscall.SIGSTOP)
	require.NoError(t, err)
	require.Equal(t, 1, sent)
	require.Equal(t, byte('T'), procState(c.Pid()))
	kill(t, c, syscall.SIGKILL)
	run(t, l)
	require.Equal(t, "close SIGKILL", ev.last())
}

func TestScopeTreeIsForEveryProgram(t *testing.T) {
	l := newLoop(t)
	o := &childprocess.Options{KillScope: childprocess.ScopeTree, KillGrace: time.Hour}
	c := spawn(t, l, "/bin/sh", []string{"-c", "echo $$; setsid sh -c 'echo $$; sleep 1000; true' & wait"}, o)
	ev := events(c).reading()
	looptest.Until(t, l, func() bool { return strings.Count(string(ev.data[1]), "\n") == 2 })
	c.Terminate(time.Hour)
	run(t, l) // It does not wait for the hour.
	require.Equal(t, "close SIGTERM", ev.last())
	for word := range strings.FieldsSeq(string(ev.data[1])) {
		pid, err := strconv.Atoi(word)
		require.NoError(t, err)
		require.True(t, dies(pid))
	}
	require.Equal(t, unix.ESRCH, unix.Kill(c.Pid(), 0))
}
