// Command bench measures brood against the bare system calls that any such library needs (the
// floor), and against other libraries that do the same work, side by side in one run: os/exec, Go's
// own timers and channels, Node, Bun and Deno, libuv and posix_spawn(3) in C, Rust's std and tokio,
// Python's asyncio, execa and zx, the networking of evio and gnet, and the worker pools of Go, Node
// and Python. `make bench-peers` installs them; a contestant that is not installed is named and
// left out. The command brood of script/, which is built first, is measured against Node, Bun and
// Deno. The command prints one table, and below it the growths: how the cost of a thing depends on
// the number of others. BROOD_BENCH_BUN is the path of Bun if PATH has none, and so on for the
// others.
//
// Each scenario is measured in a process of its own, so that it does not depend on the scenarios
// before it. Its contestants take turns, round after round, each round beginning with another one,
// so that a change of the machine's speed affects all of them. The speed of the machine is measured
// before and after. README.md explains the numbers. The samples are written as JSON, see package
// samples; command report/ makes the tables and charts of the READMEs from them.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"time"
)

func main() {
	// Otherwise the runtime would follow the affinity that the IPC scenarios change.
	runtime.GOMAXPROCS(runtime.NumCPU())
	if worker, err := clusterWorkers.Run(); worker {
		check(err)
		return
	}
	if runChild() {
		return
	}
	rounds := flag.Int("rounds", 11, "rounds, each with every contestant of a scenario once")
	scale := flag.Float64("scale", 1, "amount of work per measurement, 1 being what the README's numbers are from")
	within := flag.Duration("within", 20*time.Minute, "time for all of it: scenarios that take long have fewer rounds, but each has some")
	only := flag.String("only", "", "regular expression: measure only scenarios with a matching name")
	cpus := flag.String("cpus", "", "processors that every contestant runs on, as in 0,1; empty is all")
	raw := flag.String("raw", "", "file to write every single measurement to, as JSON")
	explain := flag.String("explain", "", "folder of such files: bring their reasons for missed targets up to date with the code, and measure nothing")
	flag.Parse()

	if *explain != "" {
		check(explainMisses(*explain))
		return
	}
	filter, err := regexp.Compile(*only)
	check(err)
	check(pin(*cpus))
	run := newRun()
	warnOpenFiles()
	reportPeers(run, "node", "bun", "deno", "cc", "rustc", "cargo", "python3")
	reportPackages(run, append(npmPools, "execa", "zx")...)
	chosen := slices.DeleteFunc(scenarios(*scale), func(s scenario) bool { return !filter.MatchString(s.name) })
	check(measureAll(run, chosen, request{*rounds, *scale, *within, *cpus}))
	removeBrood()
	run.AddVersions(foundVersions)
	fmt.Print(table(run))
	if *raw != "" {
		check(run.Write(*raw))
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

// check ends the run on an error, because a contestant that cannot do its work has no time.
func check(err error) {
	if err != nil {
		fatal(err)
	}
}

func scenarios(scale float64) []scenario {
	n := func(count int) int { return max(1, int(float64(count)*scale)) }
	return append([]scenario{
		spawnSequential(n(50)),
		spawnConcurrent(n(192)),
		spawnAmongFiles(n(50)),
		spawnGrowth(n(30)),
		killLiving(n(10_000)),
		syncOutput("run for no output", nothing, 0, n(50), 1),
		syncOutput("run for 64 KiB of output", writer, writerOutput, n(50), 1),
		syncOutput("run for no output, 8 at once", nothing, 0, n(192), 8),
		syncOutput("run for no output, 64 at once", nothing, 0, n(192), 64),
		nohupOutput("run for no output, nohup", n(50), 1),
		nohupOutput("run for no output, nohup, 8 at once", n(192), 8),
		nohupOutput("run for no output, nohup, 64 at once", n(192), 64),
		stdoutThroughput(n(256 << 20)),
		pipeThroughput(n(256 << 20)),
		timersFire(n(1_000_000)),
		timersStop(n(1_000_000)),
		postBurst(n(1_000_000), 4),
		watcherDispatch(n(100_000)),
		emptyTurn(n(100_000)),
		ticks(n(1_000_000)),
		clusterConnections(n(2000)),
		echoMany(n(20_000)),
		fleetJobs("one at a time", 1, n(200)),
		fleetJobs("16 at once", 16, n(400)),
	}, slices.Concat(workScenarios(n), growthScenarios(n), ipcScenarios(n), poolScenarios(n), scriptScenarios(n))...)
}
