package childprocess_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

// inNamespace calls fn on a thread that has unshared something, and then ends the thread. fn gets
// the thread's namespace of that kind.
func inNamespace(flag int, kind string, fn func(own string) error) error {
	result := make(chan error)
	go func() { // It ends with fn, and its thread with it, because the thread is locked to it.
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() { // The main thread cannot end.
			result <- inNamespace(flag, kind, fn)
			runtime.UnlockOSThread()
			return
		}
		if err := unix.Unshare(flag); err != nil {
			result <- errNoNamespace
			return
		}
		own, err := os.Readlink("/proc/thread-self/ns/" + kind)
		if err == nil {
			err = fn(own)
		}
		result <- err
	}()
	return <-result
}

var errNoNamespace = errors.New("no namespace can be made here")

// forms start a program and return its output, on the calling thread.
func forms(t testing.TB) map[string]func(file string, args ...string) (string, error) {
	return map[string]func(file string, args ...string) (string, error){
		"Output": func(file string, args ...string) (string, error) {
			out, err := childprocess.Output(t.Context(), file, args...)
			return string(out), err
		},
		"Lines": func(file string, args ...string) (string, error) {
			var text strings.Builder
			for line, err := range childprocess.Lines(t.Context(), file, args...) {
				if err != nil {
					return "", err
				}
				text.WriteString(line + "\n")
			}
			return text.String(), nil
		},
		"SpawnSync": func(file string, args ...string) (string, error) {
			r := childprocess.SpawnSync(file, args, nil)
			return string(r.Stdout), r.Err
		},
		"Spawn": func(file string, args ...string) (string, error) {
			l, err := openLoop()
			if err != nil {
				return "", err
			}
			c, err := childprocess.Spawn(l, file, args, nil)
			if err != nil {
				return "", err
			}
			ev := events(c).reading()
			err = errors.Join(l.Run(), l.Close(), ev.err)
			return string(ev.data[1]), err
		},
	}
}

func TestAChildIsInTheNamespaceOfTheThreadThatAsks(t *testing.T) {
	noNewFDs(t)
	for kind, flag := range map[string]int{"net": unix.CLONE_NEWNET, "uts": unix.CLONE_NEWUTS, "mnt": unix.CLONE_NEWNS, "ipc": unix.CLONE_NEWIPC} {
		t.Run(kind, func(t *testing.T) {
			programs, err := os.Readlink("/proc/self/ns/" + kind)
			require.NoError(t, err)
			for range 5 {
				err = inNamespace(flag, kind, func(own string) error {
					if own == programs {
						return errors.New("the thread has no namespace of its own")
					}
					for form, call := range forms(t) {
						out, err := call("/bin/readlink", "/proc/self/ns/"+kind)
						if err != nil || out != own+"\n" {
							return errors.Join(errors.New(form+" on the thread in "+own+": "+out), err)
						}
					}
					return childprocess.Run(context.Background(), shell, "-c", `test "$(readlink /proc/self/ns/`+kind+`)" = '`+own+"'")
				})
				if errors.Is(err, errNoNamespace) {
					t.Skip(err)
				}
				require.NoError(t, err)
				out, err := childprocess.Output(t.Context(), "/bin/readlink", "/proc/self/ns/"+kind)
				require.NoError(t, err)
				require.Equal(t, programs+"\n", string(out), "on another thread")
			}
		})
	}
}

// One loop follows children of threads in different namespaces, and does not mix them up.
func TestThreadsInNamespacesStartChildrenAtOnce(t *testing.T) {
	noNewFDs(t)
	var errs [8]error
	onGoroutines(len(errs), func(i int) {
		errs[i] = inNamespace(unix.CLONE_NEWUTS, "uts", func(string) error {
			name := "brood" + strconv.Itoa(i)
			if err := unix.Sethostname([]byte(name)); err != nil {
				return err
			}
			for range 10 {
				out, err := childprocess.Output(context.Background(), "uname", "-n")
				if err != nil || string(out) != name+"\n" {
					return errors.Join(errors.New(name+" is "+string(out)), err)
				}
			}
			return nil
		})
	})
	for _, err := range errs {
		if errors.Is(err, errNoNamespace) {
			t.Skip(err)
		}
		require.NoError(t, err)
	}
}

// A thread's own directory is its children's, too.
func TestAChildStartsInTheDirectoryOfTheThreadThatAsks(t *testing.T) {
	noNewFDs(t)
	dir := t.TempDir()
	err := inNamespace(unix.CLONE_FS, "mnt", func(string) error {
		if err := unix.Chdir(dir); err != nil {
			return err
		}
		for form, call := range forms(t) {
			if out, err := call("/bin/pwd", "-P"); err != nil || out != dir+"\n" {
				return errors.Join(errors.New(form+": "+out), err)
			}
		}
		return nil
	})
	if errors.Is(err, errNoNamespace) {
		t.Skip(err)
	}
	require.NoError(t, err)
}

func TestManyOutputsAtOnceLeaveNothing(t *testing.T) {
	noNewFDs(t)
	const calls = 200
	var outs [calls]string
	var errs [calls]error
	onGoroutines(calls, func(i int) {
		out, err := childprocess.Output(t.Context(), shell, "-c", "echo "+strconv.Itoa(i)+"; exit "+strconv.Itoa(i%3))
		outs[i], errs[i] = string(out), err
	})
	for i := range calls {
		require.Equal(t, strconv.Itoa(i)+"\n", outs[i])
		if i%3 == 0 {
			require.NoError(t, errs[i])
			continue
		}
		failed, ok := errs[i].(*childprocess.ExitError)
		require.True(t, ok, "%v", errs[i])
		require.Equal(t, i%3, failed.Status.Code)
	}
	requireNoChildren(t)
}
