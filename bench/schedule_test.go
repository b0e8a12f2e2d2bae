package main

import (
	"slices"
	"testing"
	"time"

	"github.com/brood-go/brood/bench/samples"
)

func TestTimeIsSharedByNeed(t *testing.T) {
	cheap, dear := need{10, time.Second, 0}, need{10, 10 * time.Second, 0}
	for name, c := range map[string]struct {
		left  time.Duration
		needs []need
		want  []int
	}{
		"all is needed and there":   {time.Hour, []need{cheap, dear}, []int{10, 10}},
		"what is cheap is complete": {40 * time.Second, []need{dear, cheap}, []int{3, 10}},
		"in any order":              {40 * time.Second, []need{cheap, dear}, []int{10, 3}},
		"none is complete":          {10 * time.Second, []need{cheap, cheap}, []int{5, 5}},
		"what is not used is left":  {24 * time.Second, []need{{2, time.Second, 0}, cheap, dear}, []int{2, 10, 1}},
		"beginning takes time":      {10 * time.Second, []need{{10, time.Second, 4 * time.Second}}, []int{6}},
		"nothing is wanted":         {time.Hour, []need{{0, time.Second, time.Second}}, []int{0}},
		"there is no time":          {-time.Second, []need{cheap}, []int{0}},
	} {
		if got := share(c.left, c.needs); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v in place of %v", name, got, c.want)
		}
	}
}

// A scenario is measured in two parts, each in a process of its own, which are then joined.
func TestAScenarioIsMeasuredApart(t *testing.T) {
	const scale = 0.0001
	all := scenarios(scale)
	i := slices.IndexFunc(all, func(s scenario) bool { return s.name == "run a tick" })
	r := request{rounds: leastRounds + 2, scale: scale, within: time.Hour}
	run := &samples.Run{Versions: map[string]string{}}
	if err := measureAll(run, all[i:i+1], r); err != nil {
		t.Fatal(err)
	}
	s := &run.Scenarios[0]
	if s.Name != "run a tick" || s.Ops != all[i].ops || len(s.Speeds) != 4 {
		t.Errorf("measured %+v", s)
	}
	for _, c := range s.Contestants {
		if len(c.Samples) != r.rounds || c.Allocs == nil {
			t.Errorf("%s has %d rounds of %d, allocations %v", c.Name, len(c.Samples), r.rounds, c.Allocs)
		}
	}
	if _, err := r.measureApart("no such scenario", part{rounds: 1}); err == nil {
		t.Error("a scenario that there is not is measured")
	}
}
