package childprocess_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/sandbox"
)

func init() {
	// make-directory makes a directory, and writes its error and its filters.
	helperproc.Register("make-directory", func(args []string) {
		fmt.Println(unix.Mkdirat(unix.AT_FDCWD, args[0], 0o755), filters())
	})
}

// filters returns the seccomp state of this thread.
func filters() string {
	var lines []string
	for line := range strings.Lines(string(check(os.ReadFile("/proc/thread-self/status")))) {
		if strings.HasPrefix(line, "Seccomp") {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
	}
	return strings.Join(lines, " ")
}

// Instructions of filters.
const (
	loadWord  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	jumpEqual = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	result    = unix.BPF_RET | unix.BPF_K
)

// refusing returns a filter that refuses one call and allows all others. It does not check the
// architecture.
func refusing(nr uint32, errno unix.Errno) []childprocess.SockFilter {
	return []childprocess.SockFilter{
		{Code: loadWord}, {Code: jumpEqual, Jf: 1, K: nr},
		{Code: result, K: unix.SECCOMP_RET_ERRNO | uint32(errno)}, {Code: result, K: unix.SECCOMP_RET_ALLOW},
	}
}

// allowing returns a filter that allows only some calls.
func allowing(otherwise uint32, numbers ...uint32) []childprocess.SockFilter {
	filter := []childprocess.SockFilter{{Code: loadWord}}
	for i, nr := range numbers {
		filter = append(filter, childprocess.SockFilter{Code: jumpEqual, Jt: uint8(len(numbers) - i), K: nr})
	}
	return append(filter, childprocess.SockFilter{Code: result, K: otherwise}, childprocess.SockFilter{Code: result, K: unix.SECCOMP_RET_ALLOW})
}

func TestAFilterIsTheChildsAlone(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	before := filters()
	file, argv := helperproc.Command("make-directory", "made")
	for _, async := range []bool{false, true} {
		for _, policy := range []childprocess.FDPolicy{childprocess.FDsSlots, childprocess.FDsCloseOnExec} {
			dir := t.TempDir()
			l := newLoop(t)
			got := output(t, l, spawn(t, l, file, argv, &childprocess.Options{
				Dir: dir, NoNewPrivs: true, Seccomp: refusing(unix.SYS_MKDIRAT, unix.EDQUOT), Async: async, FDPolicy: policy,
			}))
			require.Contains(t, got, unix.EDQUOT.Error()+" Seccomp: 2")
			require.NoDirExists(t, filepath.Join(dir, "made"))
			require.Equal(t, before, filters(), "this program's")
			require.Contains(t, output(t, l, spawn(t, l, file, argv, &childprocess.Options{Dir: dir})), "<nil> "+before, "a child without")
		}
	}
}

// A user without privilege may not filter the calls of a set-user-ID program.
func TestAFilterTakesAPrivilegeOrNoNewPrivs(t *testing.T) {
	ownForkOnly(t)
	needRoot(t)
	file, argv := helperproc.Command("make-directory", "/")
	file = publicly(t, file)
	filter := refusing(unix.SYS_MKDIRAT, unix.EDQUOT)
	l := newLoop(t)
	require.Contains(t, output(t, l, spawn(t, l, file, argv, &childprocess.Options{Seccomp: filter})), unix.EDQUOT.Error())
	// The user changes before.
	for _, o := range []childprocess.Options{{UID: new(uint32(nobody))}, {UID: new(uint32(nobody)), Async: true}} {
		o.Seccomp, o.Dir = filter, "/"
		require.Equal(t, &childprocess.SpawnError{
			Op: "spawn", Step: childprocess.StepSeccomp, File: "/bin/echo", Path: "/bin/echo", Args: []string{}, Err: unix.EACCES,
		}, failureOf(t, "/bin/echo", &o))
		requireNoChildren(t)
		o.NoNewPrivs = true
		l := newLoop(t)
		require.Contains(t, output(t, l, spawn(t, l, file, argv, &o)), unix.EDQUOT.Error())
	}
	q := request{File: file, Args: argv, Seccomp: filter}
	require.Equal(t, answer{
		Step: childprocess.StepSeccomp, Path: file, Errno: unix.EACCES, Events: []string{"error EACCES", "close -13"}, NoChildren: true,
	}, asNobody(t, q))
	q.NoNewPrivs = true
	require.Contains(t, asNobody(t, q).Stdout, unix.EDQUOT.Error())
}

// A filter sees execve(2) and, if there is no program, the exit of the child, but no call of the
// setup before.
func TestAFilterIsTheLastThing(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	for action, otherwise := range map[string]uint32{
		"errno": unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM), "success": unix.SECCOMP_RET_ERRNO, "kill": unix.SECCOMP_RET_KILL_PROCESS,
		"kill the thread": unix.SECCOMP_RET_KILL_THREAD, "trap": unix.SECCOMP_RET_TRAP, "trace": unix.SECCOMP_RET_TRACE,
	} {
		for end, nr := range map[string]uint32{"exit": unix.SYS_EXIT, "exit_group": unix.SYS_EXIT_GROUP} {
			t.Run(action+", "+end, func(t *testing.T) {
				o := childprocess.Options{
					Seccomp: allowing(otherwise, unix.SYS_EXECVE, nr), NoNewPrivs: true, Umask: new(0), Nice: new(5), OOMScore: new(900), Dir: "/",
					Rlimits: []childprocess.Rlimit{{unix.RLIMIT_CORE, 0, 0}}, Pdeathsig: unix.SIGTERM, Detached: true, Env: []string{"PATH=/nowhere:/usr/bin:/bin"},
				}
				// One execve(2) for the path, and one per directory for the name.
				for _, file := range []string{"/no/such/program", "no-such-program"} {
					require.Equal(t, &childprocess.SpawnError{
						Op: "spawn", Step: childprocess.StepProgram, File: file, Path: file, Args: []string{}, Err: unix.ENOENT,
					}, failureOf(t, file, &o))
					requireNoChildren(t)
				}
			})
		}
	}
}

func TestAFilterThatLetsNoChildStartIsRefused(t *testing.T) {
	ownForkOnly(t)
	for want, filter := range map[string][]childprocess.SockFilter{
		"does not allow execve(2)":                     allowing(unix.SECCOMP_RET_ERRNO, unix.SYS_EXIT, unix.SYS_EXIT_GROUP),
		"allows neither exit(2) nor exit_group(2)":     allowing(unix.SECCOMP_RET_KILL_PROCESS, unix.SYS_EXECVE),
		"does not allow execve(2), nor anything else":  {{Code: result}},
		"does not allow execve(2): there is no tracer": {{Code: result, K: unix.SECCOMP_RET_TRACE}},
		"does not allow execve(2): nobody listens":     {{Code: result, K: unix.SECCOMP_RET_USER_NOTIF}},
	} {
		want, _, _ = strings.Cut(want, ":")
		want, _, _ = strings.Cut(want, ",")
		mistaken(t, "spawn: Seccomp "+want, childprocess.Options{Seccomp: filter, PreSpawn: func() error { panic("PreSpawn was called") }})
	}
	// The place of the call is not known before the start.
	mistaken(t, "spawn: Seccomp allows neither exit(2) nor exit_group(2)", childprocess.Options{Seccomp: []childprocess.SockFilter{
		{Code: loadWord}, {Code: jumpEqual, Jt: 2, K: unix.SYS_EXECVE}, {Code: loadWord, K: 8}, {Code: jumpEqual, Jf: 1},
		{Code: result, K: unix.SECCOMP_RET_ALLOW}, {Code: result, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
	}})
}

// Mistakes that only the kernel finds.
func TestAFilterThatTheKernelRefuses(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	refused := func(filter []childprocess.SockFilter, step childprocess.Step, errno unix.Errno) {
		t.Helper()
		for _, async := range []bool{false, true} {
			require.Equal(t, &childprocess.SpawnError{
				Op: "spawn", Step: step, File: "/bin/echo", Path: "/bin/echo", Args: []string{}, Err: errno,
			}, failureOf(t, "/bin/echo", &childprocess.Options{NoNewPrivs: true, Seccomp: filter, Async: async}))
			requireNoChildren(t)
		}
	}
	for _, filter := range [][]childprocess.SockFilter{
		{{Code: loadWord}},                         // does not end
		{{Code: unix.BPF_JMP | unix.BPF_JA, K: 7}}, // jumps out of it
		{{Code: loadWord, K: 2}, {Code: result, K: unix.SECCOMP_RET_ALLOW}},
		{{Code: 0xffff}, {Code: result, K: unix.SECCOMP_RET_ALLOW}},
		make([]childprocess.SockFilter, 4096),
	} {
		refused(filter, childprocess.StepSeccomp, unix.EINVAL)
	}
	// The argument is the address of a string, which is not known before, and never 0.
	refused([]childprocess.SockFilter{
		{Code: loadWord}, {Code: jumpEqual, Jf: 2, K: unix.SYS_EXECVE}, {Code: loadWord, K: 16}, {Code: jumpEqual, Jf: 1},
		{Code: result, K: unix.SECCOMP_RET_ALLOW}, {Code: result, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EBADE)},
	}, childprocess.StepProgram, unix.EBADE)
}

// A kernel that was built without filters.
func TestWithoutFiltersSeccompIsUnsupported(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	sandbox.Refuse(t, unix.ENOSYS, sandbox.Number(unix.SYS_SECCOMP))
	err := failureOf(t, "/bin/echo", &childprocess.Options{NoNewPrivs: true, Seccomp: refusing(unix.SYS_MKDIRAT, unix.EDQUOT)})
	failed, ok := errors.AsType[*childprocess.SpawnError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, childprocess.StepSeccomp, failed.Step)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	requireNoChildren(t)
}

// Children that start at once on several threads get their own, longest filters, while the
// collector runs and the memory of Options is reused.
func TestFiltersAreKeptUntilTheChildHasExecuted(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	file, argv := helperproc.Command("make-directory", "/")
	l := newLoop(t)
	const children = 20
	var outs [children]*recorder
	for i := range children {
		// It begins with instructions that do nothing.
		filter := make([]childprocess.SockFilter, 4092, 4096)
		for j := range filter {
			filter[j] = childprocess.SockFilter{Code: unix.BPF_LD | unix.BPF_IMM, K: uint32(j)}
		}
		filter = append(filter, refusing(unix.SYS_MKDIRAT, unix.Errno(100+i))...)
		o := childprocess.Options{Async: true, NoNewPrivs: true, Seccomp: filter}
		outs[i] = events(spawn(t, l, file, argv, &o)).reading()
		clear(filter)
		runtime.GC()
	}
	run(t, l)
	for i, ev := range outs {
		require.Contains(t, string(ev.data[1]), unix.Errno(100+i).Error(), "child "+strconv.Itoa(i)+": "+string(ev.data[2]))
	}
}
