package childprocess_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// init is process 1 of a PID namespace. A Reaper waits for its orphans, and init writes the
	// events.
	helperproc.Register("init", func([]string) {
		if os.Getpid() != 1 {
			fail(errors.New("this is not process 1"))
		}
		check(0, unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		check(0, unix.Mount("proc", "/proc", "proc", 0, ""))
		l := check(openLoop())
		r := check(childprocess.NewReaper(l))
		r.OnExit(func(_ int, s childprocess.ExitStatus) {
			writeAll(1, []byte(statusText(s)))
			r.Close()
		})
		c := check(childprocess.Spawn(l, shell, []string{"-c", "(sleep 0.05; exit 9) & exit 3"}, &childprocess.Options{
			Stdio: childprocess.AllStdio(childprocess.Ignore),
		}))
		c.OnExit(func(s childprocess.ExitStatus) { writeAll(1, []byte(statusText(s)+" ")) })
		check(0, l.Run())
		check(0, l.Close())
	})
}

// A shell may itself wait for children that exit before it does. So the orphans of these tests read
// their parent's stdin to its end, which comes at the parent's exit.

// orphans records the events of a Reaper.
type orphans map[int][]string

// newReaper returns a Reaper that is closed with the test, and the record of its events.
func newReaper(t testing.TB, l *reactor.Loop) (*childprocess.Reaper, orphans) {
	t.Helper()
	r, err := childprocess.NewReaper(l)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(r.Close)
	told := orphans{}
	r.OnExit(func(pid int, s childprocess.ExitStatus) { told[pid] = append(told[pid], statusText(s)) })
	return r, told
}

func (o orphans) texts() (all []string) {
	for _, texts := range o {
		all = append(all, texts...)
	}
	return all
}

func TestAReaperEmitsTheExitOfEachOrphanOnce(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	r, told := newReaper(t, l)
	c := spawn(t, l, shell, []string{"-c", `
		exec 3<&0
		sh -c 'read line; exit 7' <&3 >/dev/null &
		sh -c 'read line; kill -KILL $$' <&3 >/dev/null &
		(read line <&3; exit 5) >/dev/null &
		exit 4`}, nil)
	ev := events(c)
	c.OnExit(func(childprocess.ExitStatus) {
		require.Empty(t, told.texts())
	})
	r.OnExit(func(pid int, _ childprocess.ExitStatus) {
		require.Equal(t, unix.ECHILD, func() error { _, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); return err }())
		if len(told) == 3 {
			r.Close()
		}
	})
	run(t, l)
	require.ElementsMatch(t, []string{"5", "7", "SIGKILL"}, told.texts())
	require.Len(t, told, 3)
	require.Equal(t, "close 4", ev.last())
	requireNoChildren(t)
}

func TestAReaperOfManyOrphansAtOnce(t *testing.T) {
	many := 1000
	if testing.Short() {
		many = 200
	}
	noNewFDs(t)
	l := newLoop(t)
	r, told := newReaper(t, l)
	c := spawn(t, l, shell, []string{"-c", `i=0; while [ $i -lt $0 ]; do sleep 1000 >/dev/null 2>&1 & i=$((i+1)); done; echo ready`, strconv.Itoa(many)},
		&childprocess.Options{Setpgid: true})
	c.OnClose(func(childprocess.ExitStatus) { require.NoError(t, unix.Kill(-c.Pid(), syscall.SIGTERM)) })
	r.OnExit(func(int, childprocess.ExitStatus) {
		if len(told) == many {
			r.Close()
		}
	})
	run(t, l)
	require.Len(t, told, many)
	for pid, texts := range told {
		require.Equal(t, []string{"SIGTERM"}, texts, "%d", pid)
	}
	requireNoChildren(t)
}

// Orphans, children of os/exec, and our own children, on several loops and in the sync forms, exit
// at the same time.
func TestAReaperStealsNoStatus(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 15
	}
	const orphansEach = 5
	l := newLoop(t)
	r, told := newReaper(t, l)
	errs := make(chan error, 1000)
	var work sync.WaitGroup
	expect := func(what string, want, got int, err error) {
		if want != got {
			errs <- fmt.Errorf("%s: %d in place of %d: %w", what, got, want, err)
		}
	}
	for w := range 3 {
		work.Go(func() {
			for i := range rounds {
				err := exec.Command(shell, "-c", "exit "+strconv.Itoa(i%100)).Run()
				code := 0
				if exit, is := errors.AsType[*exec.ExitError](err); is {
					code, err = exit.ExitCode(), nil
				}
				expect("os/exec", i%100, code, err)
			}
		})
		work.Go(func() {
			for i := range rounds {
				s := childprocess.SpawnSync(shell, []string{"-c", "exit " + strconv.Itoa(i%100)}, nil)
				expect("SpawnSync", i%100, s.Status.Code, s.Err)
			}
		})
		work.Go(func() {
			for i := range rounds {
				_, err := childprocess.Output(context.Background(), shell, "-c", "exit "+strconv.Itoa(i%100))
				code := 0
				if exit, is := errors.AsType[*childprocess.ExitError](err); is {
					code, err = exit.Status.Code, nil
				}
				expect("Output", i%100, code, err)
			}
		})
		work.Go(func() {
			other, err := openLoop()
			if err != nil {
				errs <- err
				return
			}
			for i := range rounds {
				c, err := childprocess.Spawn(other, shell, []string{"-c", "exit " + strconv.Itoa(i%100)}, &childprocess.Options{Async: w == 1})
				if err != nil {
					errs <- err
					break
				}
				if err := other.Run(); err != nil {
					errs <- err
				}
				s, _ := c.Status()
				expect("Spawn", i%100, s.Code, nil)
			}
			if err := other.Close(); err != nil {
				errs <- err
			}
		})
	}
	refused := 0
	left := rounds
	var next func()
	next = func() {
		if left == 0 {
			return
		}
		left--
		file, code := shell, 100+left%100
		if left%7 == 0 { // A child that cannot be started has a process for a moment, too.
			file = "/does/not/exist"
		}
		script := "exec 3<&0; " + strings.Repeat("(read line <&3; exit 77) & ", orphansEach) + "exit " + strconv.Itoa(code)
		c := spawn(t, l, file, []string{"-c", script}, nil)
		c.OnClose(func(s childprocess.ExitStatus) {
			if s.NotStarted != nil {
				refused++
			} else if s.Code != code {
				t.Errorf("exit status %v in place of %d", s, code)
			}
			next()
		})
	}
	next()
	want := orphansEach * (rounds - (rounds+6)/7)
	looptest.Until(t, l, func() bool { return left == 0 && len(told.texts()) >= want })
	work.Wait()
	looptest.Until(t, l, func() bool {
		return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
	})
	r.Close()
	run(t, l)
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	require.Equal(t, (rounds+6)/7, refused)
	for _, text := range told.texts() {
		require.Equal(t, "77", text)
	}
	require.Len(t, told.texts(), want)
}

func TestAReaperLeavesAStoppedOrphanAlone(t *testing.T) {
	l := newLoop(t)
	r, told := newReaper(t, l)
	c := spawn(t, l, shell, []string{"-c", "sleep 1000 >/dev/null 2>&1 & echo $!"}, nil)
	ev := events(c).reading()
	looptest.Until(t, l, func() bool { return ev.count("close") == 1 })
	pid, err := strconv.Atoi(strings.TrimSpace(string(ev.data[1])))
	require.NoError(t, err)
	require.NoError(t, unix.Kill(pid, syscall.SIGSTOP))
	looptest.Until(t, l, func() bool { return procState(pid) == 'T' })
	marker := spawn(t, l, "true", nil, nil) // Its SIGCHLD comes after the other one.
	closed := events(marker)
	looptest.Until(t, l, func() bool { return closed.count("close") == 1 })
	require.Empty(t, told)
	require.NoError(t, unix.Kill(pid, syscall.SIGKILL))
	looptest.Until(t, l, func() bool { return len(told) == 1 })
	require.Equal(t, orphans{pid: {"SIGKILL"}}, told)
	r.Close()
	run(t, l)
}

// offMainThread calls fn on a goroutine with a thread of its own, other than the main one. With
// end, that thread ends afterwards, and the main thread gets its children.
func offMainThread(end bool, fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		switch {
		// While this goroutine has it, the next one gets another.
		case unix.Gettid() == os.Getpid():
			defer runtime.UnlockOSThread()
			offMainThread(end, fn)
		case end:
			fn()
		default:
			defer runtime.UnlockOSThread()
			fn()
		}
	}()
	<-done
}

// A child that another part of the program has started, and waits for late, is left to it, although
// the Reaper sees the child.
func TestAReaperLeavesTheChildrenOfOthersAlone(t *testing.T) {
	l := newLoop(t)
	r, told := newReaper(t, l)
	var byOs *os.Process
	var err error
	offMainThread(true, func() { byOs, err = os.StartProcess(shell, []string{"sh", "-c", "exit 21"}, &os.ProcAttr{}) })
	require.NoError(t, err)
	awaitZombie(t, byOs.Pid)
	eventually(t, "the main thread has the child", func() bool {
		text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid()))
		if err != nil {
			t.Skip("children are not told apart by thread: ", err)
		}
		return slices.Contains(strings.Fields(string(text)), strconv.Itoa(byOs.Pid))
	})
	raw, release := 0, make(chan struct{})
	var thread sync.WaitGroup
	defer thread.Wait()
	defer close(release)
	forked := make(chan error)
	thread.Go(func() {
		offMainThread(false, func() {
			pid, err := syscall.ForkExec(shell, []string{"sh", "-c", "exit 22"}, &syscall.ProcAttr{})
			raw = pid
			forked <- err
			<-release // Only a child of the main thread can be an orphan.
		})
	})
	require.NoError(t, <-forked)
	awaitZombie(t, raw)
	for i := range 3 { // Each of them makes the Reaper look.
		c := spawn(t, l, shell, []string{"-c", "exec 3<&0; (read line <&3; exit 33) & exit 0"}, nil)
		ev := events(c)
		looptest.Until(t, l, func() bool { return ev.count("close") == 1 && len(told) > i })
	}
	require.NotContains(t, told, byOs.Pid)
	require.NotContains(t, told, raw)
	s, err := byOs.Wait()
	require.NoError(t, err)
	require.Equal(t, 21, s.ExitCode())
	var ws syscall.WaitStatus
	_, err = syscall.Wait4(raw, &ws, 0, nil)
	require.NoError(t, err)
	require.Equal(t, 22, ws.ExitStatus())
	r.Close()
	run(t, l)
}

func TestThereIsOneReaper(t *testing.T) {
	noNewFDs(t)
	l, other := newLoop(t), newLoop(t)
	first, _ := newReaper(t, l)
	for _, loop := range []*reactor.Loop{l, other} {
		_, err := childprocess.NewReaper(loop)
		require.ErrorIs(t, err, childprocess.ErrReaperOpen)
		require.ErrorIs(t, err, syscall.EBUSY)
	}
	first.Close()
	first.Close()
	second, err := childprocess.NewReaper(other)
	require.NoError(t, err)
	second.Unref()
	run(t, other) // The Reaper does not keep the loop alive.
	require.NoError(t, other.Close())
	second.Close()
	third, err := childprocess.NewReaper(l)
	require.NoError(t, err, "the loop has closed the second one")
	third.Close()
	run(t, l)

	_, err = childprocess.NewReaper(nil)
	require.IsType(t, &childprocess.ArgumentError{}, err)
	_, err = childprocess.NewReaper(other)
	require.ErrorIs(t, err, reactor.ErrClosed)
}

func TestAClosedReaperGetsNoOrphans(t *testing.T) {
	l := newLoop(t)
	r, told := newReaper(t, l)
	r.Close()
	c := spawn(t, l, shell, []string{"-c", "sleep 1000 >/dev/null 2>&1 & echo $!"}, nil)
	pid, err := strconv.Atoi(strings.TrimSpace(output(t, l, c)))
	require.NoError(t, err)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	require.NotEqual(t, strconv.Itoa(os.Getpid()), strings.Fields(string(text))[3], "it is not this program's")
	require.NoError(t, unix.Kill(pid, syscall.SIGKILL))
	require.Empty(t, told)
}

func TestAReaperWithoutPidfdsIsRefused(t *testing.T) {
	if !watchesSIGCHLD() || forcedExitWatch() == childprocess.ExitWatchSIGCHLD {
		t.Skip("pidfds are not refused in this run")
	}
	l := newLoop(t)
	_, err := childprocess.NewReaper(l)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.IsType(t, &childprocess.UnsupportedError{}, err)
	run(t, l)
}

func TestAReaperServesProcessOne(t *testing.T) {
	file, argv := helperproc.Command("init")
	o := &childprocess.Options{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		o.Cloneflags |= unix.CLONE_NEWUSER
		o.UidMappings = []childprocess.IDMap{{HostID: os.Geteuid(), Size: 1}}
		o.GidMappings = []childprocess.IDMap{{HostID: os.Getegid(), Size: 1}}
	}
	l := newLoop(t)
	c := spawn(t, l, file, argv, o)
	ev := events(c).reading()
	run(t, l)
	if refused := ev.err; refused != nil {
		t.Skip("there are no namespaces to be had: ", refused)
	}
	if strings.Contains(string(ev.data[2]), "cannot tell orphans") {
		t.Skip(string(ev.data[2]))
	}
	require.Equal(t, "3 9", string(ev.data[1]), "stderr: %s", ev.data[2])
	require.True(t, ev.status.Success(), "%v", ev.status)
}
