package main

import (
	"errors"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// nohupOutput is syncOutput of programs that nohup(1) has started. Each contestant is a process
// that ignores SIGHUP from its first instruction on. Children inherit this: os/exec leaves it so,
// while brood starts every child with each signal at its default.
func nohupOutput(name string, n, goroutines int) scenario {
	s := scenario{name: name, unit: "child", ops: float64(n), rounds: spawnRounds}
	for _, way := range outputWays {
		p := &server{command: func(string) *exec.Cmd {
			return exec.Command("/bin/sh", "-c", `trap "" HUP; exec "$0" "$@"`, self(), "-child-nohup", way.name)
		}}
		s.contestants = append(s.contestants, contestant{
			name: way.name, targets: way.targets, because: becauseKernel, elsewhere: true,
			run:   func() time.Duration { return time.Duration(p.ask("output %d %d", n, goroutines)) },
			close: p.close,
		})
	}
	return s
}

// nohupChild is the process of a contestant.
func nohupChild(way string) {
	if !signal.Ignored(syscall.SIGHUP) {
		check(errors.New("SIGHUP is not ignored"))
	}
	i := slices.IndexFunc(outputWays, func(w outputWay) bool { return w.name == way })
	defer removeNop()
	serve(func(_ string, args []int) int64 {
		runtime.GC()
		return outputs(nothing(), 0, args[0], args[1], outputWays[i].output).Nanoseconds()
	})
}
