//go:build amd64 || arm64

package process_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

// scale divides the number of repetitions in a short run; BROOD_TEST_STRESS multiplies it.
func scale(t testing.TB, n int) int {
	t.Helper()
	if testing.Short() {
		n /= 20
	}
	if factor := os.Getenv("BROOD_TEST_STRESS"); factor != "" {
		by, err := strconv.Atoi(factor)
		require.NoError(t, err)
		n *= by
	}
	return n
}

// startMany starts n children one after another, which end with code 0, and makes every tenth start
// fail.
func startMany(program string, n int) error {
	var s process.Starter
	defer s.Release()
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	defer unix.Close(ends[0])
	defer unix.Close(ends[1])
	for i := range n {
		spec := command(program, "an argument", strconv.Itoa(i))
		spec.Env = []string{"A=" + strconv.Itoa(i), "B=b"}
		spec.Slots = []int{ends[0], ends[1], process.Closed, ends[1]}
		spec.Pidfd = i%3 != 0
		if i%10 == 9 {
			spec.Dir = "/none"
			if _, failure := s.Start(spec); failure == nil || *failure != (process.Failure{Step: process.StepDirectory, Path: "/none", Err: unix.ENOENT}) {
				return fmt.Errorf("start %d: %+v", i, failure)
			}
			continue
		}
		p, failure := s.Start(spec)
		if failure != nil {
			return fmt.Errorf("start %d: %+v: %w", i, failure, failure)
		}
		change, err := await(p)
		if err != nil || change != (process.Change{Kind: process.Exited}) {
			return fmt.Errorf("start %d: %+v, %w", i, change, err)
		}
	}
	return nil
}

func TestManyStartsAtOnceBesideACollectorThatNeverRests(t *testing.T) {
	if !alone(t) {
		return
	}
	nothingIsLeft(t)
	const starters = 8
	starts := scale(t, 10_000)
	program := exitProgram(0).newProgram(t)
	require.NoError(t, startMany(program, 20))
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	notified := make(chan os.Signal, 1)
	signal.Notify(notified, syscall.SIGCHLD, syscall.SIGURG)
	defer signal.Stop(notified)

	var done atomic.Bool
	var others sync.WaitGroup
	others.Go(func() { // allocates
		var kept [64][]byte
		for i := 0; !done.Load(); i++ {
			kept[i%len(kept)] = make([]byte, 1<<12)
			if i%64 == 0 {
				runtime.Gosched()
			}
		}
		runtime.KeepAlive(kept)
	})
	otherErr := make(chan error, 1)
	others.Go(func() { // starts children in another way
		for !done.Load() {
			if err := exec.Command(program).Run(); err != nil {
				otherErr <- err
				return
			}
		}
		otherErr <- nil
	})
	errs := make(chan error, starters)
	for range starters {
		// They end with their last child. The test waits for that.
		go func() { errs <- startMany(program, starts/starters) }()
	}
	var failures []error
	most := 0
	for range starters {
		failures = append(failures, <-errs)
		most = max(most, threads(t))
	}
	done.Store(true)
	others.Wait()
	require.NoError(t, errors.Join(append(failures, <-otherErr)...))
	// One thread for each goroutine that waits in a clone or for a child, for os/exec, and for the
	// runtime.
	require.Less(t, most, 3*starters+runtime.GOMAXPROCS(0)+10, "threads")
	require.Less(t, len(leakcheck.FDs()), 40)
}

func init() {
	// start-forever starts one child after another from two goroutines, until it is killed.
	helperproc.Register("start-forever", func(args []string) {
		if err := startMany(args[0], 1); err != nil {
			println(err.Error())
			helperproc.Exit(3)
		}
		println("started")
		for range 2 {
			go func() {
				for {
					if err := startMany(args[0], 1000); err != nil {
						println(err.Error())
						helperproc.Exit(3)
					}
				}
			}()
		}
		select {}
	})
}

// If a parent is killed while its thread waits for the child, the child must go on.
func TestAParentThatIsKilledInAStartLeavesNoProcessStuck(t *testing.T) {
	file, argv := helperproc.Command("start-forever")
	if !alone(t) {
		return
	}
	nothingIsLeft(t)
	// The children of such a parent become children of this process.
	require.NoError(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
	program := exitProgram(0).newProgram(t)
	orphans, inStart := 0, 0
	for range scale(t, 200) {
		parent := exec.Command(file, append(argv, program)...)
		stderr, err := parent.StderrPipe()
		require.NoError(t, err)
		require.NoError(t, parent.Start())
		_, err = stderr.Read(make([]byte, 100))
		require.NoError(t, err)
		// This waits for no event: any moment is right.
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
		require.NoError(t, parent.Process.Kill())
		require.Error(t, parent.Wait())
		within(t, "an orphan", func() {
			for {
				var ws unix.WaitStatus
				switch _, err := unix.Wait4(-1, &ws, 0, nil); {
				case err == unix.ECHILD:
					return
				case err == nil:
					orphans++
					if ws.ExitStatus() == 253 {
						inStart++
					} else if ws.ExitStatus() != 0 {
						panic(fmt.Sprintf("an orphan has ended with %#x", ws))
					}
				case err != unix.EINTR:
					panic(err)
				}
			}
		})
	}
	if !testing.Short() {
		require.Positive(t, orphans)
	}
	t.Logf("%d orphans, %d of which could not be started", orphans, inStart)
}

// A file that was written and closed can still be open for writing in a child that another
// goroutine is just starting.
func TestAFileThatWasJustWrittenCanBeExecuted(t *testing.T) {
	nothingIsLeft(t)
	dir := publicDir(t)
	program := exitProgram(0).newProgram(t)
	image := exitProgram(0).image()
	var done atomic.Bool
	var others sync.WaitGroup
	for range 2 {
		others.Go(func() {
			for !done.Load() {
				_ = exec.Command(program).Run() // Only its forks matter.
			}
		})
	}
	const writers = 4
	errs := make(chan error, writers)
	for w := range writers {
		// They end with their last child. The test waits for that.
		go func() {
			errs <- func() error {
				var s process.Starter
				defer s.Release()
				for i := range scale(t, 400) / writers {
					text := image
					if i%2 == 0 {
						text = []byte("#!" + program + "\n")
					}
					file := filepath.Join(dir, fmt.Sprint(w, "-", i))
					if err := os.WriteFile(file, text, 0o755); err != nil {
						return err
					}
					p, failure := s.Start(command(file))
					if failure != nil {
						return fmt.Errorf("file %d: %+v: %w", i, failure, failure)
					}
					if change, err := await(p); err != nil || change != (process.Change{Kind: process.Exited}) {
						return fmt.Errorf("file %d: %+v, %w", i, change, err)
					}
				}
				return nil
			}()
		}()
	}
	var failures []error
	for range writers {
		failures = append(failures, <-errs)
	}
	done.Store(true)
	others.Wait()
	require.NoError(t, errors.Join(failures...))
}
