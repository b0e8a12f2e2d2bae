package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/brood-go/brood/bench/samples"
)

func TestWhatIsMissingIsLeftOut(t *testing.T) {
	run := func() time.Duration { return time.Millisecond }
	s := scenario{name: "sample", unit: "child", ops: 1, contestants: []contestant{
		{name: "absent", run: run, missing: func() error { return errors.New("not installed") }},
		{name: "brood", run: run, missing: func() error { return nil }, targets: []target{{"absent", 1}}},
	}}
	r, _ := measure(s, part{rounds: 1})
	if got := r.Present(); !slices.Equal(got, []int{1}) || len(r.Verdicts(1)) > 0 || r.Contestants[0].Missing != "not installed" {
		t.Errorf("measured %+v", r.Contestants)
	}
	s.contestants = s.contestants[:1]
	r, _ = measure(s, part{rounds: 1})
	all := &samples.Run{Scenarios: []samples.Scenario{r}}
	if text := table(all); strings.Contains(text, "sample") {
		t.Errorf("a scenario that nobody does is in the table:\n%s", text)
	}
}

// Each round begins with another contestant, and has each contestant once.
func TestContestantsTakeTurns(t *testing.T) {
	var order strings.Builder
	turn := func(name string) contestant {
		return contestant{name: name, run: func() time.Duration {
			order.WriteString(name)
			return time.Nanosecond
		}}
	}
	s := scenario{name: "sample", unit: "turn", ops: 1, contestants: []contestant{turn("a"), turn("b"), turn("c")}}
	r, _ := measure(s, part{rounds: 3})
	if got, want := order.String(), "abc"+"abc"+"bca"+"cab"; got != want {
		t.Errorf("turns %s, want %s, of which the first three warm up", got, want)
	}
	for _, c := range r.Contestants {
		if len(c.Samples) != 3 {
			t.Errorf("%s has %d samples", c.Name, len(c.Samples))
		}
	}
	if len(r.Speeds) != 2 || r.Speeds[0].CPU <= 0 || r.Speeds[1].WakeUp <= 0 {
		t.Errorf("the machine's speeds are %v", r.Speeds)
	}
	order.Reset()
	measure(s, part{first: 3, rounds: 2})
	if got, want := order.String(), "abc"+"abc"+"bca"; got != want {
		t.Errorf("the turns of a later part are %s, want %s", got, want)
	}
}

// A contestant with a warmUp has it once, and no other run that does not count.
func TestWarmingUp(t *testing.T) {
	warm, runs := 0, 0
	s := scenario{name: "sample", unit: "turn", ops: 1, contestants: []contestant{
		{name: "a", warmUp: func() { warm++ }, run: func() time.Duration { runs++; return 1 }},
	}}
	measure(s, part{rounds: 2})
	if warm != 1 || runs != 2 {
		t.Errorf("warmed up %d times, and run %d times", warm, runs)
	}
}

func TestRoundsEndWithTheirTime(t *testing.T) {
	s := scenario{name: "sample", unit: "turn", ops: 1, contestants: []contestant{{name: "a", run: func() time.Duration { return 1 }}}}
	if r, _ := measure(s, part{rounds: 100, within: 1}); len(r.Contestants[0].Samples) != 1 {
		t.Errorf("%d rounds where there is no time for any", len(r.Contestants[0].Samples))
	}
}

func TestTheTableHasTheReasonOfWhatIsMissed(t *testing.T) {
	s := samples.Scenario{Name: "sample", Unit: "child", Ops: 10, Measure: samples.Nanoseconds, Contestants: []samples.Contestant{
		{Name: "node", Samples: []int64{1e9}},
		{Name: "brood", Samples: []int64{6e8}, Targets: []samples.Target{{Against: "node", Most: 0.5}}, Because: "it must"},
	}}
	text := table(&samples.Run{Scenarios: []samples.Scenario{s}})
	for _, want := range []string{"60.0 ms", "≤ 0.50 × node: 0.60 (0.60–0.60) MISSED (it must)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
	s.Contestants[0].Samples[0] = 2e9
	if text := table(&samples.Run{Scenarios: []samples.Scenario{s}}); strings.Contains(text, "it must") {
		t.Errorf("a target that is met has a reason for why it is not:\n%s", text)
	}
}

func TestTheTableHasGrowthsBelow(t *testing.T) {
	s := samples.Scenario{Name: "growth", Unit: "child", Ops: 1, Measure: samples.Nanoseconds, GrowsWith: "children"}
	for _, size := range []float64{10, 100, 1000} {
		s.Contestants = append(s.Contestants, samples.Contestant{
			Name: growthName("brood", int(size)), Series: "brood", Size: size, Samples: []int64{int64(size)}, Most: samples.Limit{Exponent: flat},
		})
	}
	text := table(&samples.Run{Scenarios: []samples.Scenario{s}})
	if want := "exponent ≤ 0.10: 1.00 (1.00–1.00) MISSED"; strings.Count(text, want) != 1 || !strings.Contains(text, "1.00      × 1.00") {
		t.Errorf("the table is\n%s", text)
	}
}
