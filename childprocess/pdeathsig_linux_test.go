package childprocess_test

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// deathsig writes the signal that it gets when its parent exits.
	helperproc.Register("deathsig", func([]string) {
		writeAll(1, []byte(strconv.Itoa(int(check(ownPdeathsig())))))
	})

	// fated starts a child that outlives it unless it has a Pdeathsig, writes the child's pid, and
	// waits to be killed.
	helperproc.Register("fated", func(args []string) {
		l := check(openLoop())
		o := fatedOptions(args[0])
		c := check(childprocess.Spawn(l, "/bin/sleep", []string{"1000"}, &o))
		writeAll(1, []byte(strconv.Itoa(c.Pid())+"\n"))
		check(0, l.Run())
	})
}

// fatedOptions are the options of a child whose parent a test kills.
func fatedOptions(kind string) childprocess.Options {
	o := childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Ignore), Pdeathsig: unix.SIGKILL}
	switch kind {
	case "prespawn":
		o.PreSpawn = func() error { return nil }
	case "forkexec":
		o.Backend, o.FDPolicy = childprocess.BackendForkExec, childprocess.FDsCloseOnExec
	case "detached":
		o.Detached = true
	}
	return o
}

// ownPdeathsig reads the signal on the main thread, to which the kernel has given it. The threads
// that Go has made do not have it, and this goroutine may be on one of them.
func ownPdeathsig() (sig int32, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if unix.Gettid() != os.Getpid() {
		done := make(chan struct{})
		// It ends with the answer, for which this function waits. Meanwhile it cannot be on this
		// thread.
		go func() {
			defer close(done)
			sig, err = ownPdeathsig()
		}()
		<-done
		return sig, err
	}
	return sig, unix.Prctl(unix.PR_GET_PDEATHSIG, addressOf(&sig), 0, 0, 0)
}

func TestAChildDiesWithItsParent(t *testing.T) {
	for _, kind := range []string{"plain", "prespawn", "forkexec", "detached"} {
		t.Run(kind, func(t *testing.T) {
			file, argv := helperproc.Command("fated", kind)
			parent := exec.Command(file, argv...)
			parent.Stderr = os.Stderr
			out, err := parent.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, parent.Start())
			defer func() {
				_ = parent.Process.Kill() // It has exited, unless the test fails.
				_ = parent.Wait()
			}()
			line, err := bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			pid, err := strconv.Atoi(strings.TrimSpace(line))
			require.NoError(t, err)
			require.NoError(t, parent.Process.Kill())
			_ = parent.Wait() // It was killed.
			require.True(t, dies(pid), "the child lives on")
		})
	}
}

// onEndingThread calls fn on a thread that then ends, and returns the thread's number.
func onEndingThread(fn func()) (thread int) {
	done := make(chan int, 1)
	go func() { // It ends with fn, and its thread with it, because the thread is locked to it.
		runtime.LockOSThread()
		// The main thread cannot end. While it waits here, another is used.
		if unix.Gettid() == os.Getpid() {
			done <- onEndingThread(fn)
			runtime.UnlockOSThread()
			return
		}
		fn()
		done <- unix.Gettid()
	}()
	return <-done
}

// keptThreads returns the number of threads that this program keeps for children with a Pdeathsig,
// also after the exit of the last one.
func keptThreads() int {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return strings.Count(string(stacks), "process.(*keeper).run(")
}

func TestPdeathsigOutlivesTheThreadThatAsks(t *testing.T) {
	noNewFDs(t)
	for name, o := range map[string]childprocess.Options{
		"plain":    {},
		"prespawn": {PreSpawn: func() error { return nil }},
		"forkexec": {Backend: childprocess.BackendForkExec, FDPolicy: childprocess.FDsCloseOnExec},
	} {
		t.Run(name, func(t *testing.T) {
			o.Pdeathsig = unix.SIGUSR1
			l := newLoop(t)
			file, argv := helperproc.Command("wait")
			var c *childprocess.ChildProcess
			var err error
			thread := onEndingThread(func() { c, err = childprocess.Spawn(l, file, argv, &o) })
			require.NoError(t, err)
			eventually(t, "the thread ends", func() bool {
				_, err := os.Stat("/proc/self/task/" + strconv.Itoa(thread))
				return err != nil
			})
			ev := events(c).reading()
			c.Stdin.End()
			run(t, l)
			require.True(t, ev.status.Success(), "%v", ev.status)
			eventually(t, "the thread that is kept ends", func() bool { return keptThreads() == 0 })
		})
	}
}

func TestPdeathsigIsSetWhateverElseIs(t *testing.T) {
	file, argv := helperproc.Command("deathsig")
	file = publicly(t, file)
	for name, o := range map[string]childprocess.Options{
		"plain": {}, "async": {Async: true}, "prespawn": {PreSpawn: func() error { return nil }},
		"other user":   {UID: new(uint32(nobody)), GID: new(uint32(nobody)), Dir: "/"},
		"capabilities": {UID: new(uint32(nobody)), AmbientCaps: []uintptr{unix.CAP_CHOWN}, Dir: "/"},
		"a namespace":  {Cloneflags: unix.CLONE_NEWPID},
		"of a thread":  {PreSpawn: func() error { return unix.Unshare(unix.CLONE_NEWPID) }},
	} {
		t.Run(name, func(t *testing.T) {
			if o.UID != nil || o.Cloneflags != 0 || name == "of a thread" {
				needRoot(t)
			}
			o.Pdeathsig = unix.SIGHUP
			l := newLoop(t)
			if plainFork() {
				o.FDPolicy = childprocess.FDsCloseOnExec
			}
			require.Equal(t, "1", output(t, l, spawn(t, l, file, argv, &o)))
		})
	}
}

// While such a child is slow to execute, or runs, others start. The threads end with the last
// child.
func TestManyChildrenWithPdeathsig(t *testing.T) {
	noNewFDs(t)
	const children = 100
	var errs [children]error
	onGoroutines(children, func(i int) {
		r := childprocess.SpawnSync("/bin/true", nil, &childprocess.SyncOptions{Options: childprocess.Options{
			Pdeathsig: unix.SIGKILL, Stdio: childprocess.AllStdio(childprocess.Ignore),
		}})
		errs[i] = r.Err
		if !r.Status.Success() && r.Err == nil {
			errs[i] = unix.EINVAL
		}
	})
	for _, err := range errs {
		require.NoError(t, err)
	}
	eventually(t, "the threads end", func() bool { return keptThreads() == 0 })
}

func BenchmarkSpawnPdeathsig(b *testing.B) {
	for name, o := range map[string]childprocess.Options{
		"plain": {}, "pdeathsig": {Pdeathsig: unix.SIGKILL}, "prespawn": {PreSpawn: func() error { return nil }},
		"settings": {Umask: new(0o22), Nice: new(1)}, "inherit": {FDPolicy: childprocess.FDsCloseOnExec},
		"forkexec": {Backend: childprocess.BackendForkExec},
	} {
		b.Run(name, func(b *testing.B) {
			o.Stdio = childprocess.AllStdio(childprocess.Ignore)
			l := newLoop(b)
			b.ReportAllocs()
			for b.Loop() {
				c, err := childprocess.Spawn(l, "/bin/true", nil, &o)
				require.NoError(b, err)
				require.NotZero(b, c.Pid())
				require.NoError(b, l.Run())
			}
		})
	}
}
