package samples

import (
	"strings"
	"testing"
)

// A scenario during which the machine was slow by either figure is marked.
func TestAScenarioOfASlowMachineIsMarked(t *testing.T) {
	usual := []Speed{{100, 50}, {102, 51}, {98, 49}, {100, 50}}
	r := &Run{Scenarios: []Scenario{
		{Name: "usual", Speeds: usual}, {Name: "too", Speeds: usual}, {Name: "also", Speeds: usual},
		{Name: "slow processor", Speeds: []Speed{{130, 50}, {130, 50}}},
		{Name: "slow wake-ups", Speeds: []Speed{{100, 110}, {100, 110}}},
		{Name: "usual wake-ups", Speeds: []Speed{{100, 80}, {100, 80}}},
		{Name: "fast", Speeds: []Speed{{80, 50}, {80, 50}}},
		{Name: "one slow reading", Speeds: []Speed{{100, 50}, {300, 50}, {100, 50}, {100, 50}}},
		{Name: "not known"},
	}}
	marked := map[string]bool{"slow processor": true, "slow wake-ups": true, "fast": true}
	for i := range r.Scenarios {
		if s := &r.Scenarios[i]; r.Unsteady(s) != marked[s.Name] {
			t.Errorf("%s is marked: %v", s.Name, r.Unsteady(s))
		}
	}
	if text := r.Steadiness(); !strings.Contains(text, "took 0.80 to 1.30 ×") || !strings.Contains(text, "a thread 1.00 to 2.20 ×") {
		t.Errorf("the speed varied: %s", text)
	}
	if text := new(Run).Steadiness(); text != "" {
		t.Errorf("of what was not measured it says %q", text)
	}
}
