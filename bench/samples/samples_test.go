package samples

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// sample returns the result of a small run.
func sample() *Run {
	allocs := 19.25
	return &Run{
		Date:     time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC),
		Machine:  Machine{Processor: "a processor", CPUs: 2, System: "Linux 6.18 amd64", Go: "go1.26.8"},
		Pinning:  "nowhere",
		Versions: map[string]string{"node": "26.10.0"},
		Missing:  map[string]string{"bun": "not installed"},
		Scenarios: []Scenario{{
			Name: "spawn", Unit: "child", Ops: 100, Measure: Nanoseconds, Matrix: true, Speeds: []Speed{{10, 20}, {10, 22}},
			Contestants: []Contestant{
				{Name: Floor, Samples: []int64{10_000, 20_000, 30_000}},
				{
					Name: "brood", Samples: []int64{20_000, 50_000, 50_000}, Allocs: &allocs, Targets: []Target{{"node", 0.5}, {"bun", 1}},
					Most: Limit{PerOp: 500, Allocs: 9, First: true}, Because: "of the kernel",
				},
				{Name: "node", Samples: []int64{80_000, 80_000, 80_000}},
				{Name: "bun", Missing: "not installed"},
			},
		}},
	}
}

func TestAFileHasAllOfARun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.json")
	want := sample()
	if err := want.Write(file); err != nil {
		t.Fatal(err)
	}
	got, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"samples": [20000,50000,50000]`) {
		t.Errorf("the samples are not on one line:\n%s", text)
	}
}

func TestAFileThatIsNoRunIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":            "scenario,contestant",
		"an unknown member":  `{"date": "2026-11-30T12:00:00Z", "speed": 1}`,
		"no operations":      `{"scenarios": [{"name": "spawn", "measure": "ns", "contestants": []}]}`,
		"a round too few":    `{"scenarios": [{"name": "spawn", "ops": 1, "measure": "ns", "contestants": [{"samples": [1, 2]}, {"samples": [1]}]}]}`,
		"an unknown measure": `{"scenarios": [{"name": "spawn", "ops": 1, "measure": "s", "contestants": []}]}`,
	} {
		file := filepath.Join(t.TempDir(), "run.json")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(file); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A row's ratio can be calculated from its times.
func TestTheRatioIsThatOfTheMedians(t *testing.T) {
	s := &sample().Scenarios[0]
	r := s.Ratio(1, 0)
	if r.Mid != s.PerOp(1)/s.PerOp(0) || r.Mid != 2.5 {
		t.Errorf("ratio %v of %v and %v", r, s.PerOp(1), s.PerOp(0))
	}
	if again := s.Ratio(1, 0); again != r {
		t.Errorf("calculated again it is %v in place of %v", again, r)
	}
}

// A round that is slow for both contestants does not widen the interval; one that is slow for one
// does.
func TestTheIntervalIsOfWhatTheRoundsDifferIn(t *testing.T) {
	s := &Scenario{Name: "spawn", Unit: "child", Ops: 1, Measure: Nanoseconds, Contestants: []Contestant{
		{Name: "brood"}, {Name: "twice as long"}, {Name: "now and then"},
	}}
	for round := range int64(20) {
		took := 1000 + 100*round
		s.Contestants[0].Samples = append(s.Contestants[0].Samples, took)
		s.Contestants[1].Samples = append(s.Contestants[1].Samples, 2*took)
		s.Contestants[2].Samples = append(s.Contestants[2].Samples, 2000+1500*(round%2))
	}
	if r := s.Ratio(0, 1); r != (Ratio{0.5, 0.5, 0.5}) {
		t.Errorf("half of each round is %v", r)
	}
	if r := s.Ratio(0, 2); r.Low > 0.65 || r.High < 0.85 || r.Low > r.Mid || r.Mid > r.High {
		t.Errorf("the interval of two modes is %v", r)
	}
	s.Contestants[0].Targets = []Target{{"twice as long", 0.49}, {"twice as long", 0.5}, {"now and then", 0.8}}
	var got []string
	for _, v := range s.Verdicts(0) {
		got = append(got, v.Outcome())
	}
	if got[0] != "missed" || got[1] != "met" || !strings.HasSuffix(got[2], " within the noise") {
		t.Errorf("verdicts %q", got)
	}
}

// An interval of 95 % has the true ratio about that often.
func TestTheIntervalHasTheTrueRatio(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const runs = 300
	inside := 0
	for range runs {
		s := &Scenario{Name: "spawn", Unit: "child", Ops: 1, Measure: Nanoseconds, Contestants: []Contestant{{Name: "a"}, {Name: "b"}}}
		for range 21 {
			for i := range s.Contestants {
				took := int64(1e6 * math.Exp(0.2*random.NormFloat64()))
				s.Contestants[i].Samples = append(s.Contestants[i].Samples, took)
			}
		}
		if s.Ratio(0, 1).includes(1) {
			inside++
		}
	}
	if share := float64(inside) / runs; share < 0.9 {
		t.Errorf("%.3f of the intervals have it", share)
	}
}

func TestVerdicts(t *testing.T) {
	s := &sample().Scenarios[0]
	var got []string
	for _, v := range s.Verdicts(1) {
		got = append(got, v.String())
	}
	// bun is missing: its target is left out. The floor may take less than the first.
	want := []string{
		"≤ 0.50 × node: 0.62 (0.25–0.62) MISSED WITHIN THE NOISE", "first, ≤ node: 0.62 (0.25–0.62) met",
		"≤ 500 ns: 500 ns met", "≤ 9 allocs: 19.25 MISSED",
	}
	if !slices.Equal(got, want) {
		t.Errorf("verdicts %q, want %q", got, want)
	}
	if missed, narrowly := s.Missed(1); !missed || narrowly {
		t.Errorf("missed %v, all within the noise %v", missed, narrowly)
	}
	for _, i := range []int{0, 3} {
		if missed, narrowly := s.Missed(i); missed || narrowly {
			t.Errorf("%s missed %v, within the noise %v", s.Contestants[i].Name, missed, narrowly)
		}
	}
	if len(s.Verdicts(3)) > 0 {
		t.Error("a contestant that was not measured has verdicts")
	}
}

func TestAllocationsOfARunAreNotThoseOfItsOperations(t *testing.T) {
	s := &sample().Scenarios[0]
	// 100 allocations are 11 and 0.1 for each operation.
	for ops, met := range map[float64]bool{9: true, 1000: false} {
		s.Ops = ops
		all := s.Verdicts(1)
		if got := all[len(all)-1]; got.Met != met {
			t.Errorf("%v operations: %v", ops, got)
		}
	}
}

func TestTheNewestMeasurementCounts(t *testing.T) {
	dir := t.TempDir()
	old, newer := sample(), sample()
	newer.Date = newer.Date.Add(time.Hour)
	newer.Scenarios[0].Ops = 20
	old.Scenarios = append(old.Scenarios, Scenario{Name: "only then", Unit: "x", Ops: 1, Measure: Memory})
	// The date makes it newer, not its name.
	if err := newer.Write(filepath.Join(dir, "a.json")); err != nil {
		t.Fatal(err)
	}
	if err := old.Write(filepath.Join(dir, "b.json")); err != nil {
		t.Fatal(err)
	}
	runs, err := ReadAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := Newest(runs)
	if len(all) != 2 || all[0].Name != "spawn" || all[0].Ops != 20 || all[1].Name != "only then" || all[1].Run != runs[0] {
		t.Errorf("newest are %+v", all)
	}
}

func TestTextOfAmounts(t *testing.T) {
	for ns, want := range map[float64]string{
		3.5: "3.50 ns", 53: "53.0 ns", 999.4: "999 ns", 999.6: "1 µs", 1830: "1.83 µs", 324_000: "324 µs", 12_345_678: "12.3 ms", 2.5e9: "2.50 s",
	} {
		if got := Time(ns); got != want {
			t.Errorf("%v ns is %q, want %q", ns, got, want)
		}
	}
	s := Scenario{Measure: Memory, Ops: 1}
	if got := s.Amount(3 << 20); got != "3.0 MiB" {
		t.Errorf("3 MiB are %q", got)
	}
	if got := s.Amount(1536); got != "1.5 KiB" {
		t.Errorf("1.5 KiB are %q", got)
	}
}
