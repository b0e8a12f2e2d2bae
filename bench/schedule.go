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

// request is what a run was asked for.
type request struct {
	rounds int
	scale  float64
	within time.Duration
	cpus   string
}

// wanted is how many rounds a scenario has where time is no matter.
func (r request) wanted(s scenario) int {
	if s.few {
		return leastRounds
	}
	return max(leastRounds, r.rounds*max(1, s.rounds))
}

// measureAll measures scenarios, each in two parts: first all of them have leastRounds, which shows
// how long a round of each takes; then those that want more share the time that is left. Two parts
// also mean that a machine that was slow for a minute was slow for some of a scenario's rounds, not
// for all.
func measureAll(run *samples.Run, chosen []scenario, r request) error {
	if slices.ContainsFunc(chosen, func(s scenario) bool { return strings.HasPrefix(s.name, "script ") }) {
		// One that cannot be built is missing, as any other.
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
		// The machine may have become slower since the first part.
		more, err := r.measureApart(chosen[i].name, part{leastRounds, rounds, 2 * time.Duration(rounds) * needs[i].round})
		if err != nil {
			return err
		}
		run.Scenarios[i].Add(&more.Scenario)
	}
	return nil
}

// need is what the rest of a scenario would take.
type need struct {
	rounds int           // that are still wanted
	round  time.Duration // of one
	around time.Duration // to begin and end, if there are any
}

// share says how many more rounds each scenario has in the time that is left. All get what they
// need, if that is possible, or else no one gets more time than another that gets less than it
// needs.
func share(left time.Duration, needs []need) (rounds []int) {
	rounds = make([]int, len(needs))
	cost := func(i int) time.Duration { return needs[i].around + time.Duration(needs[i].rounds)*needs[i].round }
	var open []int // those that want rounds, the cheapest first
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

// partResult is what the process of a part has measured.
type partResult struct {
	Scenario samples.Scenario
	Versions map[string]string
	Rounds   time.Duration // what the rounds took, with all that is around a run
}

// measureApart measures a part of a scenario in a process of its own, which has no heap, no threads
// and no files of others.
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

// measurePart is such a process.
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
