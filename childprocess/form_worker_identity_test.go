package childprocess_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// generation is a variable that counts the starts of a program that starts itself, with a main of
// its own. If it is set, TestMain does not run workers: that main does so, or forgets it.
const generation = "BROOD_TEST_GENERATION"

// lastGeneration stops a program that would start itself without end if ForkSelf did not refuse.
const lastGeneration = 3

// mains are things that a program does before it forks itself.
var mains = map[string]func(){
	"Workers.Run forgotten":          func() {},
	"result of Workers.Run ignored":  func() { _, _ = childprocess.Workers{"self": idle}.Run() },
	"unknown name, and that ignored": func() { _, _ = childprocess.Workers{}.Run() },
	"worker that forks": func() {
		if worker, err := (childprocess.Workers{"self": forkIdle, "idle": idle}).Run(); worker {
			must(err)
			helperproc.Exit(0)
		}
	},
	"worker with options": func() {
		o := &reactor.Options{OnPanic: func(v any, _ []byte) { fmt.Println("generation", os.Getenv(generation), "was told of:", v) }}
		if worker, err := (childprocess.Workers{"self": panicLater}).RunWith(o); worker {
			must(err)
			helperproc.Exit(0)
		}
	},
}

func panicLater(l *reactor.Loop, _ *ipc.Channel, _ []string) error {
	l.SetImmediate(func() { panic("a panic") })
	return nil
}

func idle(*reactor.Loop, *ipc.Channel, []string) error { return nil }

func forkIdle(l *reactor.Loop, _ *ipc.Channel, _ []string) error {
	c, err := childprocess.ForkSelf(l, "idle", os.Args[1:], nil)
	if err != nil {
		return err
	}
	c.OnClose(func(s childprocess.ExitStatus) { fmt.Println("generation", os.Getenv(generation), "forked:", s) })
	return nil
}

func init() {
	// self-starter does one of mains, forks itself, and reports the result.
	helperproc.Register("self-starter", func(args []string) {
		n, _ := strconv.Atoi(os.Getenv(generation)) // 0 in the first generation.
		n++
		must(os.Setenv(generation, strconv.Itoa(n)))
		if n > lastGeneration {
			fail(errors.New("there is no end"))
		}
		mains[args[0]]()
		l := check(openLoop())
		c, err := childprocess.ForkSelf(l, "self", os.Args[1:], nil)
		if err != nil {
			if _, ok := errors.AsType[*childprocess.WorkerError](err); !ok || !errors.Is(err, syscall.EINVAL) {
				fail(err)
			}
			fmt.Println("generation", n, "was refused:", err)
			return
		}
		c.OnClose(func(s childprocess.ExitStatus) { fmt.Println("generation", n, "forked:", s) })
		check(0, l.Run())
	})
}

func TestAWorkersLoopHasTheOptionsOfRunWith(t *testing.T) {
	l := newLoop(t)
	o := &childprocess.Options{Env: append(os.Environ(), generation+"=0")}
	c := startWith(t, l, o, "self-starter", "worker with options")
	require.Equal(t, "generation 2 was told of: a panic\ngeneration 1 forked: exit status 0\n", output(t, l, c))
}

func TestAWorkerThatDoesNotComeToItsWorkForksNoOther(t *testing.T) {
	for name, refusal := range map[string]string{
		"Workers.Run forgotten": `generation 2 was refused: fork: this process is the worker "self", which has not run: ` +
			"call Workers.Run first in main\n",
		"result of Workers.Run ignored":  "generation 2 was refused: fork: this process is a worker whose Workers.Run has returned: it has to end\n",
		"unknown name, and that ignored": "generation 2 was refused: fork: this process is a worker whose Workers.Run has returned: it has to end\n",
		"worker that forks":              "generation 2 forked: exit status 0\n",
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			o := &childprocess.Options{Env: append(os.Environ(), generation+"=0")}
			c := startWith(t, l, o, "self-starter", name)
			require.Equal(t, refusal+"generation 1 forked: exit status 0\n", output(t, l, c))
		})
	}
}
