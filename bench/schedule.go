package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/brood-go/brood/bench/samples"
)

// request has the options of a run.
type request struct {
	rounds int
	scale  float64
	within time.Duration
	cpus   string
}

// wanted returns the number of rounds of a scenario if there is time for all.
func (r request) wanted(s scenario) int {
	if s.few {
		return leastRounds
	}
	return max(leastRounds, r.rounds*max(1, s.rounds))
}

// measureAll measures scenarios, each in two parts. First every scenario has leastRounds, which
// shows the time of a round. Then the scenarios that want more rounds share the time that is left.
// With two parts, a minute in which the machine is slow affects only some rounds of a scenario.
func measureAll(run *samples.Run, chosen []scenario, r request) error {
	if slices.ContainsFunc(chosen, func(s scenario) bool { return strings.HasPrefix(s.name, "script ") }) {
		// If it cannot be built, it is a missing contestant.
		if file, err := buildBrood(); err == nil {
			check(os.Setenv("BROOD_BENCH_BROOD", file))
		}
	}
	start := time.Now()
	needs := make([]need, len(chosen))
	for i, s := range chosen {
		begun := time.Now()
		got, err := r.measureApart(s.name, part{rounds: leastRounds})
		if err != nil {
			return err
		}
		warnMissing(&got.Scenario)
		run.Scenarios = append(run.Scenarios, got.Scenario)
		run.AddVersions(got.Versions)
		needs[i] = need{
			rounds: r.wanted(s) - leastRounds, round: max(got.Rounds/leastRounds, time.Microsecond), around: time.Since(begun) - got.Rounds,
		}
	}
	for i, rounds := range share(r.within-time.Since(start), needs) {
		if rounds == 0 {
			continue
		}
		// The limit is twice the estimate: the machine may be slower than in the first part.
		more, err := r.measureApart(chosen[i].name, part{leastRounds, rounds, 2 * time.Duration(rounds) * needs[i].round})
		if err != nil {
			return err
		}
		run.Scenarios[i].Add(&more.Scenario)
	}
	return nil
}

// need is the cost of the rounds that a scenario still wants.
type need struct {
	rounds int           // number of rounds still wanted
	round  time.Duration // time of one
	around time.Duration // time to begin and end, if there are any
}

// share divides the time that is left and returns the number of further rounds of each scenario. If
// the time is too short for all, no scenario gets more time than one that gets less than it needs.
func share(left time.Duration, needs []need) (rounds []int) {
	rounds = make([]int, len(needs))
	cost := func(i int) time.Duration { return needs[i].around + time.Duration(needs[i].rounds)*needs[i].round }
	var open []int // scenarios that want rounds, the cheapest first
	for i := range needs {
		if needs[i].rounds > 0 {
			open = append(open, i)
		}
	}
	slices.SortStableFunc(open, func(i, j int) int { return int(cost(i) - cost(j)) })
	for k, i := range open {
		each := min(cost(i), left/time.Duration(len(open)-k))
		n := min(needs[i].rounds, int((each-needs[i].around)/needs[i].round))
		if n <= 0 {
			continue
		}
		rounds[i] = n
		left -= needs[i].around + time.Duration(n)*needs[i].round
	}
	return rounds
}

// partResult is the result of the process of a part.
type partResult struct {
	Scenario samples.Scenario
	Versions map[string]string
	Rounds   time.Duration // time of the rounds, including everything around a run
}

// measureApart measures a part of a scenario in a process of its own, without the heap, threads and
// files of others.
func (r request) measureApart(name string, p part) (*partResult, error) {
	fmt.Fprintf(os.Stderr, "%s…\n", name)
	var out bytes.Buffer
	cmd := exec.Command(self(), "-child-scenario", name, strconv.FormatFloat(r.scale, 'g', -1, 64), r.cpus,
		strconv.Itoa(p.first), strconv.Itoa(p.rounds), p.within.String())
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	got := new(partResult)
	if err := json.Unmarshal(out.Bytes(), got); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return got, nil
}

// measurePart is the process of a part. It writes a partResult to stdout.
func measurePart(args []string) {
	scale, err := strconv.ParseFloat(args[1], 64)
	check(err)
	check(pin(args[2]))
	var p part
	p.first, err = strconv.Atoi(args[3])
	check(err)
	p.rounds, err = strconv.Atoi(args[4])
	check(err)
	p.within, err = time.ParseDuration(args[5])
	check(err)
	all := scenarios(scale)
	i := slices.IndexFunc(all, func(s scenario) bool { return s.name == args[0] })
	if i < 0 {
		fatal(fmt.Errorf("there is no scenario %q", args[0]))
	}
	scenario, took := measure(all[i], p)
	removeNop()
	removeBrood()
	check(json.NewEncoder(os.Stdout).Encode(partResult{scenario, maps.Clone(foundVersions), took}))
}

func warnMissing(s *samples.Scenario) {
	for _, c := range s.Contestants {
		if c.Missing != "" {
			fmt.Fprintf(os.Stderr, "%s without %s: %s\n", s.Name, c.Name, c.Missing)
		}
	}
}
