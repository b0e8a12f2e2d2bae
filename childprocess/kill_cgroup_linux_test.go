package childprocess_test

import (
	"fmt"
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
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
)

// withDaemon is fourGenerations with another process, which has a session of its own and whose
// parent has exited.
const withDaemon = `COUNT=7
(setsid sh -c 'touch "$DIR/$$"; exec sleep 1000' </dev/null >/dev/null 2>&1 &)` + fourGenerations

func init() {
	// kill-tree starts a tree in the cgroup of its first argument, writes "ready", waits for a byte
	// and kills the tree. Then it starts a child there again, and writes the results.
	helperproc.Register("kill-tree", func(args []string) {
		l := check(openLoop())
		o := &childprocess.Options{Cgroup: args[0], Stdio: childprocess.AllStdio(childprocess.Ignore)}
		c := check(childprocess.Spawn(l, "/bin/sh", []string{"-c", withDaemon}, o))
		writeAll(1, []byte("ready\n"))
		check(os.Stdin.Read(make([]byte, 1)))
		sent := check(c.KillTree(syscall.SIGKILL))
		var status childprocess.ExitStatus
		c.OnClose(func(s childprocess.ExitStatus) { status = s })
		check(0, l.Run())
		again := check(childprocess.Spawn(l, "/bin/true", nil, o))
		var second childprocess.ExitStatus
		again.OnClose(func(s childprocess.ExitStatus) { second = s })
		check(0, l.Run())
		writeAll(1, fmt.Appendf(nil, "%v; %v; more than 6: %v\n", status, second, sent > 6))
	})
}

// cgroupProcs returns the processes in a cgroup.
func cgroupProcs(t testing.TB, dir string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	require.NoError(t, err)
	return strings.Fields(string(text))
}

// give makes a user the owner of a cgroup and of all its files except those named.
func give(t testing.TB, dir string, uid int, but ...string) {
	t.Helper()
	require.NoError(t, os.Chown(dir, uid, uid))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		if !strings.Contains(strings.Join(but, " "), f.Name()) && !f.IsDir() {
			require.NoError(t, os.Chown(filepath.Join(dir, f.Name()), uid, uid))
		}
	}
}

// requireNoneAlive fails if a process that has written its number to the directory is alive.
func requireNoneAlive(t testing.TB, dir string, atLeast int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(entries), atLeast)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		require.NoError(t, err)
		require.True(t, dies(pid), "%d is left", pid)
	}
}

func TestKillTreeInACgroupReachesDaemons(t *testing.T) {
	for name, uid := range map[string]uint32{"as this user": uint32(os.Geteuid()), "as nobody": nobody} {
		t.Run(name, func(t *testing.T) {
			noNewFDs(t)
			group, _ := newCgroup(t)
			dir := t.TempDir()
			o := &childprocess.Options{Env: append(os.Environ(), "DIR="+dir), Cgroup: group}
			if int(uid) != os.Geteuid() {
				needRoot(t)
				require.NoError(t, os.Chmod(dir, 0o777))
				require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
				o.UID, o.GID = &uid, &uid
			}
			l := newLoop(t)
			c := spawn(t, l, "/bin/sh", []string{"-c", withDaemon}, o)
			ev := events(c)
			whenReady(c, func() {
				there, err := c.KillTree(0)
				require.NoError(t, err)
				require.Greater(t, there, 6)
				sent, err := c.KillTree(syscall.SIGKILL)
				require.NoError(t, err)
				require.Greater(t, sent, 6)
			})
			run(t, l)
			require.Equal(t, "close SIGKILL", ev.last())
			requireNoneAlive(t, dir, 7)
			eventually(t, "those that were killed go", func() bool { return len(cgroupProcs(t, group)) == 0 })
			sent, err := c.KillTree(syscall.SIGKILL)
			require.NoError(t, err)
			require.Zero(t, sent)

			// If a cgroup was killed as a whole, the kernel kills each process that is cloned into
			// it.
			o = &childprocess.Options{Cgroup: group}
			require.Equal(t, "text\n", output(t, l, spawn(t, l, "/bin/echo", []string{"text"}, o)))
		})
	}
}

// A program without privileges, with a cgroup that was delegated to it, kills a tree, too.
func TestKillTreeOfAProgramWithoutPrivileges(t *testing.T) {
	file, argv := helperproc.Command("kill-tree", "")
	needRoot(t)
	file = publicly(t, file)
	if plainFork() {
		t.Skip("syscall.ForkExec cannot start a child in a cgroup that was killed as a whole")
	}
	uid := uint32(nobody)
	for name, c := range map[string]struct {
		without []string // files that do not belong to the program
		foreign bool     // a process of another user is in the cgroup
	}{
		"a cgroup of its own":        {},
		"one that it may not freeze": {without: []string{"cgroup.freeze"}},
		"one that it may only list":  {without: []string{"cgroup.freeze", "cgroup.kill"}},
		"with a foreign process":     {foreign: true},
	} {
		t.Run(name, func(t *testing.T) {
			group, _ := newCgroup(t)
			give(t, group, nobody)
			for _, below := range []string{"program", "tree"} {
				require.NoError(t, os.Mkdir(filepath.Join(group, below), 0o755))
				give(t, filepath.Join(group, below), nobody, c.without...)
				defer eventually(t, "the cgroup goes", func() bool { return os.Remove(filepath.Join(group, below)) == nil })
			}
			tree := filepath.Join(group, "tree")
			argv[1] = tree
			dir := t.TempDir()
			require.NoError(t, os.Chmod(dir, 0o777))
			require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
			l := newLoop(t)
			p := spawn(t, l, file, argv, &childprocess.Options{
				UID: &uid, GID: &uid, Cgroup: filepath.Join(group, "program"), Env: append(os.Environ(), "DIR="+dir), Dir: "/",
			})
			ev := events(p).reading()
			looptest.Until(t, l, func() bool {
				entries, err := os.ReadDir(dir)
				_, over := p.Status()
				return over || err == nil && len(entries) > 8
			})
			var foreign *recorder
			if c.foreign {
				sleep := spawn(t, l, "sleep", []string{"1000"}, nil)
				require.NoError(t, os.WriteFile(filepath.Join(tree, "cgroup.procs"), []byte(strconv.Itoa(sleep.Pid())), 0))
				p.OnClose(func(childprocess.ExitStatus) { _, _ = sleep.Kill(syscall.SIGTERM) })
				foreign = events(sleep)
			}
			_, err := p.Stdin.WriteString("\n")
			require.NoError(t, err)
			p.Stdin.End()
			run(t, l)
			require.Equal(t, "ready\nsignal: SIGKILL; exit status 0; more than 6: true\n", string(ev.data[1]), "stderr: %s", ev.data[2])
			requireNoneAlive(t, dir, 8)
			if c.foreign {
				require.Equal(t, "close SIGKILL", foreign.last())
			}
			eventually(t, "those that were killed go", func() bool { return len(cgroupProcs(t, tree)) == 0 })
		})
	}
}

func TestKillTreeReachesProcessesLeftAfterTheExit(t *testing.T) {
	noNewFDs(t)
	group, _ := newCgroup(t)
	l := newLoop(t)
	c := spawn(t, l, "/bin/sh", []string{"-c", "(setsid sleep 1000 </dev/null >/dev/null 2>&1 &)"}, &childprocess.Options{Cgroup: group})
	run(t, l)
	eventually(t, "the daemon is there", func() bool { return len(cgroupProcs(t, group)) == 1 })
	sent, err := c.KillTree(0)
	require.NoError(t, err)
	require.Equal(t, 1, sent)
	sent, err = c.KillTree(syscall.SIGTERM)
	require.NoError(t, err)
	require.Equal(t, 1, sent)
	eventually(t, "the daemon ends", func() bool { return len(cgroupProcs(t, group)) == 0 })
	sent, err = c.KillTree(0)
	require.NoError(t, err)
	require.Zero(t, sent)
}

// A cgroup with two children is the tree of neither, on whichever loops they were started.
func TestChildrenInOneCgroupAreNotKilledForEachOther(t *testing.T) {
	group, _ := newCgroup(t)
	o := &childprocess.Options{Cgroup: group}
	l, other := newLoop(t), newLoop(t)
	first := startWith(t, l, o, "wait")
	second := startWith(t, other, o, "wait")
	ev := events(second)
	for _, s := range []syscall.Signal{0, syscall.SIGTERM} {
		sent, err := first.KillTree(s)
		require.NoError(t, err)
		require.Equal(t, 1, sent)
	}
	run(t, l)
	require.Equal(t, []string{strconv.Itoa(second.Pid())}, cgroupProcs(t, group))
	sent, err := first.KillTree(syscall.SIGKILL)
	require.NoError(t, err)
	require.Zero(t, sent)

	third := startWith(t, l, o, "wait")
	sent, err = third.KillTree(syscall.SIGKILL)
	require.NoError(t, err)
	require.Equal(t, 1, sent)
	run(t, l)
	second.Stdin.End()
	run(t, other)
	require.Equal(t, "close 0", ev.last())
}

// The kill of a child does not reach another one in its cgroup: neither the daemon of an earlier
// child there nor a later child.
func TestAChildDoesNotOwnACgroupWithAnotherProcess(t *testing.T) {
	group, _ := newCgroup(t)
	o := &childprocess.Options{Cgroup: group}
	l := newLoop(t)
	first := spawn(t, l, "/bin/sh", []string{"-c", "(setsid sleep 1000 </dev/null >/dev/null 2>&1 &)"}, o)
	run(t, l)
	eventually(t, "the daemon is there", func() bool { return len(cgroupProcs(t, group)) == 1 })
	daemon, err := strconv.Atoi(cgroupProcs(t, group)[0])
	require.NoError(t, err)
	second := startWith(t, l, o, "wait")
	sent, err := first.KillTree(syscall.SIGKILL)
	require.NoError(t, err)
	require.Zero(t, sent)
	sent, err = second.KillTree(syscall.SIGKILL)
	require.NoError(t, err)
	require.Equal(t, 1, sent)
	run(t, l)
	require.NoError(t, unix.Kill(daemon, syscall.SIGKILL))
}

// The tree is in cgroups below the one of the child, as a container runtime arranges it.
func TestKillTreeReachesCgroupsBelow(t *testing.T) {
	group, _ := newCgroup(t)
	below := filepath.Join(group, "a", "b")
	require.NoError(t, os.MkdirAll(below, 0o755))
	defer os.Remove(filepath.Dir(below))
	defer eventually(t, "the cgroup goes", func() bool { return os.Remove(below) == nil })
	l := newLoop(t)
	c := spawn(t, l, "/bin/sh", []string{"-c", `(sh -c 'echo 0 >"$1"; exec setsid sleep 1000' sh "$0" </dev/null >/dev/null 2>&1 &)`,
		filepath.Join(below, "cgroup.procs")}, &childprocess.Options{Cgroup: group})
	run(t, l)
	eventually(t, "the daemon is there", func() bool { return len(cgroupProcs(t, below)) == 1 && len(cgroupProcs(t, group)) == 0 })
	sent, err := c.KillTree(syscall.SIGKILL)
	require.NoError(t, err)
	require.Equal(t, 1, sent)
	require.Eventually(t, func() bool { return len(cgroupProcs(t, below)) == 0 }, 5*time.Second, time.Millisecond)
}

func TestKillTreeInAFrozenCgroup(t *testing.T) {
	group, _ := newCgroup(t)
	freezer := filepath.Join(group, "cgroup.freeze")
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{Cgroup: group}, "wait")
	ev := events(c)
	whenReady(c, func() {
		require.NoError(t, os.WriteFile(freezer, []byte("1"), 0))
		sent, err := c.KillTree(syscall.SIGUSR1)
		require.NoError(t, err)
		require.Equal(t, 1, sent)
		text, err := os.ReadFile(freezer)
		require.NoError(t, err)
		require.Equal(t, "1\n", string(text), "KillTree does not thaw a cgroup that was frozen before")
		sent, err = c.KillTree(syscall.SIGKILL)
		require.NoError(t, err)
		require.Equal(t, 1, sent)
	})
	run(t, l)
	require.Equal(t, "close SIGKILL", ev.last())
	require.NoError(t, os.WriteFile(freezer, []byte("0"), 0))
}

// A stopped process is continued, so that it handles the signal; a process that runs gets no
// SIGCONT.
func TestASignalToACgroupWakesThoseThatAreStopped(t *testing.T) {
	group, _ := newCgroup(t)
	l := newLoop(t)
	c := spawn(t, l, "/bin/sh", []string{"-c", `
		trap "echo continued" CONT
		trap "wait; exit 7" TERM
		sh -c 'trap "echo asked; exit" TERM; echo stops; kill -STOP $$; echo goes on' &
		while :; do sleep 0.01; done`}, &childprocess.Options{Cgroup: group})
	ev := events(c).reading()
	looptest.Until(t, l, func() bool { return strings.Contains(string(ev.data[1]), "stops") })
	looptest.Until(t, l, func() bool {
		for _, pid := range cgroupProcs(t, group) {
			if n, err := strconv.Atoi(pid); err == nil && procState(n) == 'T' {
				return true
			}
		}
		return false
	})
	_, err := c.KillTree(syscall.SIGTERM)
	require.NoError(t, err)
	run(t, l)
	require.Equal(t, "close 7", ev.last())
	require.Contains(t, string(ev.data[1]), "asked")
	require.NotContains(t, string(ev.data[1]), "continued")
}

// A cgroup that was removed and made again under the same name is not the child's own.
func TestACgroupThatWasMadeAnewIsNotTheChilds(t *testing.T) {
	group, _ := newCgroup(t)
	old := filepath.Join(group, "same")
	require.NoError(t, os.Mkdir(old, 0o755))
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{Cgroup: old}, "wait")
	require.NoError(t, os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(c.Pid())), 0))
	eventually(t, "the cgroup goes", func() bool { return os.Remove(old) == nil })
	require.NoError(t, os.Mkdir(old, 0o755))
	defer eventually(t, "the cgroup goes", func() bool { return os.Remove(old) == nil })
	other := startWith(t, l, nil, "wait")
	ev := events(other)
	require.NoError(t, os.WriteFile(filepath.Join(old, "cgroup.procs"), []byte(strconv.Itoa(other.Pid())), 0))
	sent, err := c.KillTree(syscall.SIGKILL)
	require.NoError(t, err)
	require.Equal(t, 1, sent)
	other.Stdin.End()
	run(t, l)
	require.Equal(t, "close 0", ev.last())
}

func TestTerminateOfATreeWaitsForItsDaemons(t *testing.T) {
	group, _ := newCgroup(t)
	l := newLoop(t)
	c := spawn(t, l, "/bin/sh", []string{"-c", `(setsid sh -c 'trap "" TERM; echo ready; while :; do sleep 1000; done' &); exec sleep 1000`},
		&childprocess.Options{Cgroup: group, KillScope: childprocess.ScopeTree})
	ev := events(c)
	whenReady(c, func() { c.Terminate(30 * time.Millisecond) })
	run(t, l)
	require.Equal(t, "close SIGTERM", ev.last())
	require.True(t, ev.status.Forced, "the daemon has ignored SIGTERM")
	eventually(t, "the daemon ends", func() bool { return len(cgroupProcs(t, group)) == 0 })
}

func TestNoProcessOfATreeThatForksSurvives(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	noNewFDs(t)
	group, _ := newCgroup(t)
	l := newLoop(t)
	o := &childprocess.Options{Cgroup: group}
	const bomb = `f() { (f) & (setsid sleep 1000 </dev/null >/dev/null 2>&1 &) }; echo ready; while :; do f; done`
	for i := range rounds {
		c := spawn(t, l, "/bin/sh", []string{"-c", bomb}, o)
		whenReady(c, func() {
			sent, err := c.KillTree(syscall.SIGKILL)
			require.NoError(t, err)
			require.Positive(t, sent)
		})
		run(t, l)
		require.Eventually(t, func() bool { return len(cgroupProcs(t, group)) == 0 }, 5*time.Second, time.Millisecond, "round %d", i)
	}
}
