package childprocess_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/pprof"
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
)

// A replacement is the argument of the helper program replace.
type replacement struct {
	File       string
	Args       []string
	Dir        string
	Env        []string
	Argv0      string
	Shell      string
	Umask      *int
	Nice       *int
	Rlimits    []childprocess.Rlimit
	UID, GID   *uint32
	NoNewPrivs bool
	FDPolicy   childprocess.FDPolicy
	Out        string // a Path for slot 1
	Slots      int    // further slots, all the same as slot 1
	Nofile     uint64 // the soft limit of descriptors while Replace fails; 0: unchanged
	Profile    bool   // this program writes a CPU profile
	Loop       bool   // call it on a loop, beside a running child
}

func (r *replacement) options() *childprocess.Options {
	o := &childprocess.Options{
		Dir: r.Dir, Env: r.Env, Argv0: r.Argv0, Shell: r.Shell, Umask: r.Umask, Nice: r.Nice, Rlimits: r.Rlimits,
		UID: r.UID, GID: r.GID, NoNewPrivs: r.NoNewPrivs, FDPolicy: r.FDPolicy,
	}
	if r.Out != "" {
		o.Stdio = []childprocess.Stdio{{}, childprocess.Path(r.Out, os.O_WRONLY|os.O_CREATE, 0o666)}
	}
	if r.Slots > 0 {
		o.Stdio = append(append(o.Stdio, make([]childprocess.Stdio, 3-len(o.Stdio))...), slices.Repeat([]childprocess.Stdio{childprocess.SameAs(1)}, r.Slots)...)
	}
	return o
}

func init() {
	// replace replaces itself as its argument says. It ignores signals, and has a descriptor that
	// is not close-on-exec.
	helperproc.Register("replace", func(args []string) {
		var r replacement
		check(0, json.Unmarshal([]byte(args[0]), &r))
		untidy()
		if r.Profile {
			check(0, pprof.StartCPUProfile(io.Discard))
		}
		do := func() { fail(childprocess.Replace(r.File, r.Args, r.options())) }
		if !r.Loop {
			do()
		}
		l := check(openLoop())
		file, argv := helperproc.Command("wait")
		c := check(childprocess.Spawn(l, file, argv, &childprocess.Options{StopEvents: true}))
		c.Stdout.OnData(func([]byte) { do() })
		check(0, l.Run())
	})

	// replace-fails calls Replace as its arguments say, and checks that this process has not
	// changed.
	helperproc.Register("replace-fails", func(args []string) {
		untidy()
		hour := unix.Timeval{Sec: 3600}
		// Like a profiler's, but it does not fire.
		check(unix.Setitimer(unix.ItimerProf, unix.Itimerval{Interval: hour, Value: hour}))
		l := check(openLoop())
		check(0, childprocess.Prepare(l))
		// Now everything that is found out once is known, and the runtime has its poller.
		_ = childprocess.Replace("/nonexistent", nil, nil)
		r, w := check2(os.Pipe())
		check(0, errors.Join(r.Close(), w.Close()))
		for _, text := range args {
			var r replacement
			check(0, json.Unmarshal([]byte(text), &r))
			restore := func() {}
			if r.Nofile > 0 {
				restore = lowerNofile(r.Nofile)
			}
			before := ownState()
			for range 20 {
				err := childprocess.Replace(r.File, r.Args, r.options())
				if _, ok := err.(*childprocess.SpawnError); !ok {
					fail(fmt.Errorf("%s: %T %v", text, err, err))
				}
				fmt.Println(err)
				runtime.GC()
			}
			after := ownState()
			if !reflect.DeepEqual(before, after) {
				fail(fmt.Errorf("%s:\nbefore %q\nafter  %q", text, before, after))
			}
			restore()
			c := check(childprocess.Spawn(l, "/bin/echo", []string{"lives"}, nil))
			ev := events(c).reading()
			check(0, l.Run())
			if string(ev.data[1]) != "lives\n" {
				fail(fmt.Errorf("%q", ev.Entries))
			}
		}
	})
}

// lowerNofile sets the soft limit of descriptors until restore is called.
func lowerNofile(n uint64) (restore func()) {
	var was unix.Rlimit
	check(0, unix.Getrlimit(unix.RLIMIT_NOFILE, &was))
	check(0, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: was.Max}))
	return func() { check(0, unix.Setrlimit(unix.RLIMIT_NOFILE, &was)) }
}

// untidy gives this program everything that a new program must not get.
func untidy() {
	signal.Ignore(syscall.SIGUSR1, syscall.SIGHUP)
	r, w := check2(pipe2())
	check(unix.FcntlInt(uintptr(r), unix.F_SETFD, 0))
	check(unix.FcntlInt(uintptr(w), unix.F_SETFD, 0))
}

func pipe2() (int, int, error) {
	var p [2]int
	err := unix.Pipe2(p[:], unix.O_CLOEXEC)
	return p[0], p[1], err
}

func check2[A, B any](a A, b B, err error) (A, B) { return check(a, err), b }

// ownState is the state that a failed Replace must not change.
func ownState() (state []string) {
	for _, name := range check(os.ReadDir("/proc/self/fd")) {
		link, err := os.Readlink("/proc/self/fd/" + name.Name())
		if err != nil || strings.HasSuffix(link, "/fd") {
			continue // This was ReadDir's own.
		}
		flags, _ := unix.FcntlInt(uintptr(check(strconv.Atoi(name.Name()))), unix.F_GETFD, 0)
		state = append(state, fmt.Sprint(name.Name(), " ", link, " ", flags))
	}
	for line := range strings.Lines(string(check(os.ReadFile("/proc/self/status")))) {
		switch name, _, _ := strings.Cut(line, ":"); name {
		case "Umask", "Uid", "Gid", "Groups", "NoNewPrivs", "SigIgn", "SigCgt", "CapEff", "CapPrm", "Cpus_allowed":
			state = append(state, line)
		}
	}
	var limit unix.Rlimit
	check(0, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	state = append(state, fmt.Sprint("limit ", limit), check(os.Getwd()), fmt.Sprint("dumpable ", check(unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0))))
	check(0, unix.Getrlimit(unix.RLIMIT_CORE, &limit))
	return append(state, fmt.Sprint("core ", limit), fmt.Sprint("profile ", check(unix.Getitimer(unix.ItimerProf)).Interval),
		fmt.Sprint("nice ", check(unix.Getpriority(unix.PRIO_PROCESS, 0))))
}

func asText(t testing.TB, r replacement) string {
	t.Helper()
	text, err := json.Marshal(r)
	require.NoError(t, err)
	return string(text)
}

// replaced runs a program that replaces itself, and returns the output.
func replaced(t *testing.T, r replacement) (pid int, out string) {
	t.Helper()
	l := newLoop(t)
	c := start(t, l, "replace", asText(t, r))
	return c.Pid(), output(t, l, c)
}

// field returns a value of proc_pid_status(5).
func field(t *testing.T, status, name string) string {
	t.Helper()
	for line := range strings.Lines(status) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	require.Fail(t, "no "+name, status)
	return ""
}

func TestReplaceRunsTheProgramInThisProcess(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	for _, loop := range []bool{false, true} {
		pid, status := replaced(t, replacement{File: "cat", Args: []string{"/proc/self/status"}, Loop: loop})
		require.Equal(t, strconv.Itoa(pid), field(t, status, "Pid"))
		require.Equal(t, "1", field(t, status, "Threads"))
		require.Equal(t, strings.Repeat("0", 16), field(t, status, "SigBlk"))
		require.Equal(t, strings.Repeat("0", 16), field(t, status, "SigIgn"))
		require.Equal(t, strings.Repeat("0", 16), field(t, status, "SigCgt"))

		_, list := replaced(t, replacement{File: "/bin/ls", Args: []string{"/proc/self/fd"}, Loop: loop})
		require.Equal(t, "0\n1\n2\n3\n", list, "the last is that of ls")
		// These are the runtime's own there.
		_, list = replaced(t, replacement{File: "/bin/ls", Args: []string{"/proc/self/fd"}, Slots: 9, Loop: loop})
		require.Equal(t, "0\n1\n10\n11\n12\n2\n3\n4\n5\n6\n7\n8\n9\n", list)
	}
	_, list := replaced(t, replacement{File: "/bin/ls", Args: []string{"/proc/self/fd"}, FDPolicy: childprocess.FDsCloseOnExec})
	require.Len(t, strings.Fields(list), 6, "%q: the pipe that is not close-on-exec, too", list)
}

func TestReplaceHonoursTheOptionsOfAChild(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	_, text := replaced(t, replacement{
		File: "pwd; umask; ulimit -c; nice; echo $0 $WHO; cat /proc/self/status", Shell: "/bin/sh",
		Dir: dir, Env: []string{"WHO=me", "PATH=/bin:/usr/bin"}, Umask: new(0o027), Nice: new(5),
		Rlimits: []childprocess.Rlimit{{Resource: unix.RLIMIT_CORE}}, NoNewPrivs: true, Argv0: "name",
	})
	lines := strings.Split(text, "\n")
	require.Equal(t, []string{dir, "0027", "0", "5", "name me"}, lines[:5])
	require.Equal(t, "1", field(t, text, "NoNewPrivs"))

	_, nothing := replaced(t, replacement{File: "echo", Args: []string{"elsewhere"}, Out: out})
	require.Empty(t, nothing)
	require.Equal(t, "elsewhere\n", string(check(os.ReadFile(out))))

	before := nofileAtStart(t)
	_, soft := replaced(t, replacement{File: "ulimit -n", Shell: "/bin/sh"})
	require.Equal(t, before, soft)
}

// nofileAtStart is the limit of a child, which a replacement must have, too.
func nofileAtStart(t *testing.T) string {
	t.Helper()
	l := newLoop(t)
	return output(t, l, spawn(t, l, "/bin/sh", []string{"-c", "ulimit -n"}, nil))
}

func TestReplaceChangesTheUser(t *testing.T) {
	ownForkOnly(t)
	needRoot(t)
	_, status := replaced(t, replacement{File: "cat", Args: []string{"/proc/self/status"}, UID: new(uint32(nobody)), GID: new(uint32(nobody))})
	id := strconv.Itoa(nobody)
	require.Equal(t, []string{id, id, id, id}, strings.Fields(field(t, status, "Uid")))
	require.Equal(t, []string{id, id, id, id}, strings.Fields(field(t, status, "Gid")))
	require.Empty(t, field(t, status, "Groups"))
}

func TestAfterAReplaceThatFailedTheProgramIsAsItWas(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	dir := t.TempDir()
	noProgram := writeFile(t, filepath.Join(dir, "text"), "no program", 0o700)
	noInterpreter := writeFile(t, filepath.Join(dir, "script"), "#!/nonexistent/interpreter\n", 0o700)
	notExecutable := writeFile(t, filepath.Join(dir, "plain"), "x", 0o600)
	rows := []struct {
		r    replacement
		says string
	}{
		{replacement{File: "nosuch"}, "ENOENT"},
		{replacement{File: "/nonexistent/program", Slots: 9}, "ENOENT"},
		{replacement{File: notExecutable, Slots: 20}, "EACCES"},
		{replacement{File: noProgram}, "ENOEXEC"},
		{replacement{File: noInterpreter}, "interpreter /nonexistent/interpreter: ENOENT"},
		{replacement{File: "echo", Slots: 300, Nofile: 100}, "EMFILE"},
		{replacement{File: "echo", Dir: "/nonexistent"}, "cwd /nonexistent: ENOENT"},
		{replacement{File: "echo", Out: "/nonexistent/out"}, "stdio /nonexistent/out: ENOENT"},
		{replacement{File: noProgram, Dir: "/", Umask: new(0o077), Nice: new(3), NoNewPrivs: true, Slots: 9,
			Rlimits: []childprocess.Rlimit{coreLimit(t)}}, "ENOEXEC"},
	}
	if unix.Geteuid() == 0 {
		rows = append(rows, struct {
			r    replacement
			says string
		}{replacement{File: noProgram, UID: new(uint32(nobody)), GID: new(uint32(nobody))}, "E"})
	}
	l := newLoop(t)
	var args []string
	for _, row := range rows {
		args = append(args, asText(t, row.r))
	}
	said := strings.Split(output(t, l, start(t, l, "replace-fails", args...)), "\n")
	require.Len(t, said, 20*len(rows)+1)
	for i, row := range rows {
		for _, line := range said[20*i : 20*i+20] {
			require.Contains(t, line, row.says)
			require.True(t, strings.HasPrefix(line, "replace "), line)
		}
	}
}

// coreLimit is a limit with another soft limit than now.
func coreLimit(t *testing.T) childprocess.Rlimit {
	t.Helper()
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_CORE, &limit))
	if limit.Cur == 0 {
		return childprocess.Rlimit{Resource: unix.RLIMIT_CORE, Cur: min(limit.Max, 4096), Max: limit.Max}
	}
	return childprocess.Rlimit{Resource: unix.RLIMIT_CORE, Max: limit.Max}
}

// The profiler's timer survives execve(2), and its signal would kill the new program.
func TestAReplacementIsNotEndedByTheProfilerOfThisProgram(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	const busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done"
	_, said := replaced(t, replacement{File: busy, Shell: "/bin/sh", Profile: true})
	require.Equal(t, "done\n", said)
}

// The state that one call changes for a moment must not be restored by another.
func TestReplacesThatFailAtOnceLeaveTheLimits(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	limits := func() (l [2]unix.Rlimit) {
		require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &l[0]))
		require.NoError(t, unix.Getrlimit(unix.RLIMIT_CORE, &l[1]))
		return l
	}
	before := limits()
	var group sync.WaitGroup // Of calls, each of which returns.
	for i := range 8 {
		o := new(childprocess.Options)
		if i%2 == 0 {
			o.Rlimits = []childprocess.Rlimit{
				{Resource: unix.RLIMIT_NOFILE, Cur: min(300+uint64(i), before[0].Max), Max: before[0].Max},
				{Resource: unix.RLIMIT_CORE, Cur: min(uint64(i), before[1].Max), Max: before[1].Max},
			}
		}
		group.Go(func() {
			for range 30 {
				if err := childprocess.Replace("/nonexistent", nil, o); !errors.Is(err, syscall.ENOENT) {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	require.Equal(t, before, limits())
}

func TestReplaceOfTooManyArgumentsIsE2BIG(t *testing.T) {
	noNewFDs(t)
	err := childprocess.Replace("/bin/echo", slices.Repeat([]string{strings.Repeat("x", 100<<10)}, 100), nil)
	failed, ok := errors.AsType[*childprocess.SpawnError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, syscall.E2BIG, failed.Err)
	require.Equal(t, childprocess.StepArguments, failed.Step)
	require.Equal(t, "replace", failed.Op)
}

func TestReplaceWithoutTheForkOfTheLibraryIsPlain(t *testing.T) {
	if !plainFork() {
		t.Skip("this is for BROOD_TEST_FORK=forkexec")
	}
	pid, status := replaced(t, replacement{File: "cat", Args: []string{"/proc/self/status"}})
	require.Equal(t, strconv.Itoa(pid), field(t, status, "Pid"))
	require.Equal(t, strings.Repeat("0", 16), field(t, status, "SigBlk"))
	_, list := replaced(t, replacement{File: "/bin/ls", Args: []string{"/proc/self/fd"}})
	require.Equal(t, "0\n1\n2\n3\n", list)
	for _, o := range []*childprocess.Options{{Dir: "/"}, {Umask: new(0)}, stdioOptions(childprocess.Ignore)} {
		require.ErrorIs(t, childprocess.Replace("/bin/echo", nil, o), errors.ErrUnsupported)
	}
	require.ErrorIs(t, childprocess.Replace("/nonexistent", nil, nil), syscall.ENOENT)
}

// Each field of Options is honoured or refused by its name.
func TestReplaceIgnoresNoOption(t *testing.T) {
	noNewFDs(t)
	honoured := []string{"Dir", "Env", "ParentPath", "Argv0", "Stdio", "UID", "GID", "Groups", "FDPolicy", "Umask", "Nice",
		"IOPriority", "CPUs", "Rlimits", "Chroot", "AmbientCaps", "NoNewPrivs", "Shell", "ListenFDs"}
	kind := reflect.TypeFor[childprocess.Options]()
	for i := range kind.NumField() {
		f := kind.Field(i)
		if !f.IsExported() || slices.Contains(honoured, f.Name) {
			continue
		}
		var o childprocess.Options
		v := reflect.ValueOf(&o).Elem().Field(i)
		switch {
		case f.Name == "Context":
			v.Set(reflect.ValueOf(t.Context()))
		case v.Kind() == reflect.Func:
			v.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) []reflect.Value { panic("it was called") }))
		case v.Kind() == reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
		case v.Kind() == reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		case v.Kind() == reflect.Bool:
			v.SetBool(true)
		case v.Kind() == reflect.String:
			v.SetString("x")
		case v.CanInt():
			v.SetInt(1)
		case v.CanUint():
			v.SetUint(1)
		default:
			require.Fail(t, f.Name)
		}
		err := childprocess.Replace("/nonexistent", nil, &o)
		bad, ok := errors.AsType[*childprocess.ArgumentError](err)
		require.True(t, ok, "%s: %v", f.Name, err)
		require.Equal(t, f.Name, bad.Name)
		require.Equal(t, "replace", bad.Op)
	}
	for _, s := range []childprocess.Stdio{childprocess.Pipe, childprocess.IPC, childprocess.PTY(nil), childprocess.Tee(childprocess.Inherit), childprocess.Input(strings.NewReader("x"))} {
		err := childprocess.Replace("/nonexistent", nil, stdioOptions(childprocess.Stdio{}, s))
		bad, ok := errors.AsType[*childprocess.ArgumentError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, "Stdio[1]", bad.Name)
	}
	require.ErrorIs(t, childprocess.Replace("", nil, nil), syscall.EINVAL)
	require.ErrorIs(t, childprocess.Replace("x\x00", nil, nil), syscall.EINVAL)
}

func TestTheThreadsOfReplacesThatFailedAreGone(t *testing.T) {
	noNewFDs(t)
	tasks := func() int { return len(check(os.ReadDir("/proc/self/task"))) }
	for range 20 {
		require.Error(t, childprocess.Replace("/nonexistent", nil, nil))
	}
	before := tasks()
	for range 200 {
		require.Error(t, childprocess.Replace("/nonexistent", nil, nil))
	}
	eventually(t, "the threads end", func() bool { return tasks() <= before+5 })
}
