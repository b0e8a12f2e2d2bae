package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sample is what a small measurement could have given.
func sample() result {
	s := scenario{name: "script sample", unit: "child", ops: 10, contestants: []contestant{
		{name: "node"}, {name: "brood", targets: []target{{"node", 0.5}, {"absent", 1}}}, {name: "bun"},
	}}
	return result{scenario: s, allocs: make([]float64, 3), times: [][]time.Duration{{time.Second}, {600 * time.Millisecond}, {time.Millisecond}}}
}

func TestTheBlockOfAFileIsReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(file, []byte("before\n"+blockBegin+"old\n"+blockEnd+"after\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // What was written can be replaced in its turn.
		if err := writeBlock(file, []result{sample()}); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const row = "| sample | 60.0 ms | node 100.0 ms, bun 100.0 µs | ≤ 0.50 × node: 0.60 MISSED |\n" + blockEnd + "after\n"
	if got := string(text); !strings.HasPrefix(got, "before\n"+blockBegin) || !strings.HasSuffix(got, row) || strings.Contains(got, "old") {
		t.Errorf("the file is\n%s", got)
	}
}

func TestAFileWithoutABlockIsLeftAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(file, []byte("nothing\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeBlock(file, []result{sample()}); err == nil {
		t.Error("no error")
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "nothing\n" {
		t.Errorf("the file is %q, %v", text, err)
	}
}

func TestWhatIsMissingIsLeftOut(t *testing.T) {
	run := func() time.Duration { return time.Millisecond }
	s := scenario{name: "sample", unit: "child", ops: 1, contestants: []contestant{
		{name: "absent", run: run, missing: func() error { return errors.New("not installed") }},
		{name: "brood", run: run, missing: func() error { return nil }, targets: []target{{"absent", 1}}},
	}}
	r := measure(s, 1)
	if len(r.contestants) != 1 || r.contestants[0].name != "brood" || r.verdict(0) != "" {
		t.Errorf("measured %+v, %q", r.contestants, r.verdict(0))
	}
	s.contestants = s.contestants[:0]
	if text := table([]result{measure(s, 1)}); strings.Contains(text, "sample") {
		t.Errorf("a scenario that nobody does is in the table:\n%s", text)
	}
}

func TestMemoryIsShownAsMemory(t *testing.T) {
	r := sample()
	r.size, r.ops = true, 1
	r.times[1] = []time.Duration{3 << 20}
	if got := r.each(1) + r.rate(1); got != "3.0 MiB" {
		t.Errorf("3 MiB are %q", got)
	}
}
