// Command bench measures brood against the raw system calls that any such library needs (the floor), against os/exec
// and Go's own timers and channels, against Node and Bun where they are installed, against posix_spawn(3) where there
// is a C compiler, and against the worker pools of Go, Node and Python, side by side in one run. The command brood of script/, which is built
// first, is measured against Node, Bun and Deno. It prints one table, and below it one of what a child costs by the number of
// open descriptors. BROOD_BENCH_BUN says where Bun is when PATH does not, and the like for the others.
//
// The contestants of a scenario take turns, round after round, each round beginning with another one, so that a change
// of the machine's speed meets them all. A row's ratio is the median of the rounds' ratios, with the middle half of
// them as its spread. The raw numbers are written as CSV.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
)

func main() {
	runtime.GOMAXPROCS(runtime.NumCPU()) // It would follow the affinity that the IPC scenarios change.
	if worker, err := clusterWorkers.Run(); worker {
		check(err)
		return
	}
	if runChild() {
		return
	}
	rounds := flag.Int("rounds", 11, "rounds, each with every contestant of a scenario once")
	scale := flag.Float64("scale", 1, "amount of work per measurement, 1 being what the README's numbers are from")
	only := flag.String("only", "", "regular expression: measure only scenarios with a matching name")
	readme := flag.String("readme", "", "file in Markdown to write the figures of the script scenarios into, between its marks")
	raw := flag.String("raw", "", "file to write every single measurement to, as CSV")
	flag.Parse()

	filter, err := regexp.Compile(*only)
	if err != nil {
		fatal(err)
	}
	reportMissing("node", "bun", "deno", "cc")
	reportMissingPools()
	var all []result
	for _, s := range scenarios(*scale) {
		if filter.MatchString(s.name) {
			fmt.Fprintf(os.Stderr, "%s…\n", s.name)
			all = append(all, measure(s, *rounds))
		}
	}
	removeNop()
	removeBrood()
	fmt.Print(table(all))
	if *readme != "" {
		check(writeBlock(*readme, all))
	}
	if *raw != "" {
		if err := writeRaw(*raw, all); err != nil {
			fatal(err)
		}
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

// check ends the run: a contestant that cannot do its work has no time.
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
		spawnGrowth(n(20)),
		killLiving(n(10_000)),
		syncOutput("run for no output", nothing, 0, n(50), 1),
		syncOutput("run for 64 KiB of output", writer, writerOutput, n(50), 1),
		syncOutput("run for no output, 8 at once", nothing, 0, n(192), 8),
		syncOutput("run for no output, 64 at once", nothing, 0, n(192), 64),
		nohupOutput("run for no output, nohup", n(50), 1),
		nohupOutput("run for no output, nohup, 8 at once", n(192), 8),
		nohupOutput("run for no output, nohup, 64 at once", n(192), 64),
		stdoutThroughput(n(1 << 30)),
		pipeThroughput(n(1 << 30)),
		timersFire(n(1_000_000)),
		timersStop(n(1_000_000)),
		postBurst(n(1_000_000), 4),
		watcherDispatch(n(300_000)),
		ticks(n(1_000_000)),
		clusterConnections(n(4000)),
		fleetJobs("one at a time", 1, n(200)),
		fleetJobs("16 at once", 16, n(800)),
	}, slices.Concat(ipcScenarios(n), poolScenarios(n), scriptScenarios(n))...)
}
