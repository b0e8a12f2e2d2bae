package main

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/brood-go/brood/bench/samples"
)

func TestReasonsAreThoseOfTheCode(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.json")
	run := &samples.Run{Scenarios: []samples.Scenario{
		{Name: "peers, spawn to close, 64 in flight", Unit: "child", Ops: 1, Measure: samples.Nanoseconds, Contestants: []samples.Contestant{
			{Name: "brood", Samples: []int64{1}, Because: "of something else"},
			{Name: "who is not there", Samples: []int64{1}, Because: "kept"},
		}},
		{Name: "not a scenario", Unit: "child", Ops: 1, Measure: samples.Nanoseconds, Contestants: []samples.Contestant{
			{Name: "brood", Samples: []int64{1}, Because: "kept"},
		}},
		{Name: "peers, longest gap of a 1 ms timer while spawning", Unit: "run", Ops: 1, Measure: samples.Nanoseconds, Contestants: []samples.Contestant{
			{Name: "brood", Samples: []int64{1}},
		}},
	}}
	if err := run.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := explainMisses(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}
	got, err := samples.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{samples.Floor, "Rust std"} {
		gap := got.Scenarios[2].Contestants
		i := slices.IndexFunc(gap, func(c samples.Contestant) bool { return c.Name == name })
		if i < 0 || gap[i].Missing == "" || gap[i].Measured() {
			t.Errorf("it is not said why %s has no gap", name)
		}
	}
	for _, c := range []struct {
		scenario, contestant int
		want                 string
	}{{0, 0, becauseThreads}, {0, 1, "kept"}, {1, 0, "kept"}} {
		if why := got.Scenarios[c.scenario].Contestants[c.contestant].Because; why != c.want {
			t.Errorf("scenario %d, contestant %d: %q in place of %q", c.scenario, c.contestant, why, c.want)
		}
	}
}
