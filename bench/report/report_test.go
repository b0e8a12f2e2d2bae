package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/brood-go/brood/bench/samples"
)

// run returns the result of a small measurement.
func run() *samples.Run {
	return &samples.Run{
		Date: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), Machine: samples.Machine{Processor: "a processor", CPUs: 2, System: "Linux", Go: "go1.26"},
		Pinning: "nowhere", Missing: map[string]string{"bun": "not installed"},
		Scenarios: []samples.Scenario{
			{Name: "peers, spawn", Unit: "child", Ops: 1, Measure: samples.Nanoseconds, Matrix: true, Speeds: []samples.Speed{{CPU: 10, WakeUp: 5}, {CPU: 10, WakeUp: 5}}, Contestants: []samples.Contestant{
				{Name: samples.Floor, Samples: []int64{100, 100, 100}},
				{Name: "brood", Samples: []int64{200, 200, 200}, Targets: []samples.Target{{Against: "node", Most: 0.25}}, Because: "the kernel is slow"},
				{Name: "node", Samples: []int64{400, 400, 400}},
			}},
			{Name: "peers, lines", Unit: "line", Ops: 1, Measure: samples.Nanoseconds, Matrix: true, Contestants: []samples.Contestant{
				{Name: samples.Floor, Missing: "it has no lines"},
				{Name: "brood", Samples: []int64{50, 50, 50}},
				{Name: "tokio", Samples: []int64{30, 30, 30}},
			}},
			{Name: "script hello", Unit: "script", Ops: 1, Measure: samples.Nanoseconds, Speeds: []samples.Speed{{CPU: 15, WakeUp: 5}}, Contestants: []samples.Contestant{
				{Name: "node", Samples: []int64{400, 400, 400}},
				{Name: "brood", Samples: []int64{100, 200, 300}, Targets: []samples.Target{{Against: "node", Most: 0.3}}},
				{Name: "brood, Async", Samples: []int64{100, 100, 100}},
				{Name: "deno", Missing: "not installed"},
			}},
			{Name: "ipc", Unit: "message", Ops: 1, Measure: samples.Nanoseconds, Contestants: []samples.Contestant{
				{Name: "raw epoll", Samples: []int64{50}},
				{Name: "brood", Samples: []int64{60}},
			}},
			{Name: "growth of a spawn", Unit: "child", Ops: 1, Measure: samples.Nanoseconds, GrowsWith: "children", Contestants: []samples.Contestant{
				{Name: "brood, 10", Series: "brood", Size: 10, Samples: []int64{100}, Most: samples.Limit{Exponent: 0.1}},
				{Name: "brood, 10000", Series: "brood", Size: 10_000, Samples: []int64{100}, Most: samples.Limit{Exponent: 0.1}},
				{Name: "node, 10", Series: "node", Size: 10, Samples: []int64{100}},
				{Name: "node, 10000", Series: "node", Size: 10_000, Samples: []int64{100_000}},
			}},
		},
	}
}

// folder has a page and the measurements, and makes the page.
func folder(t *testing.T, page string) (dir string, err error) {
	t.Helper()
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "results"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := run().Write(filepath.Join(dir, "results", "run.json")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "README.md")
	if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, report(filepath.Join(dir, "results"), []string{file})
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const begin, end = "<!-- bench all .: begin -->\n", "<!-- bench all .: end -->\n"

func TestABlockIsReplaced(t *testing.T) {
	dir, err := folder(t, "before\n"+begin+"old\n"+end+"after\n")
	if err != nil {
		t.Fatal(err)
	}
	first := read(t, dir, "README.md")
	for _, want := range []string{
		"before\n" + begin, end + "after\n",
		"| per operation | floor | brood | node | tokio |\n",
		"| spawn, per child | 100 ns | **200 ns** ✗ | 400 ns | – |\n",
		"| lines, per line | – | 50.0 ns | – | **30.0 ns** |\n",
		"| hello †, per script | 200 ns (200 ns–300 ns)<br>Async 100 ns (100 ns–100 ns) | node 400 ns | **≤ 0.30 × node: 0.50 (0.25–0.75) missed within the noise** |\n",
		"| a spawn, per child | 10 | 10,000 | exponent | target |\n",
		"| brood | 100 ns | 100 ns | 0.00 (off by × 1.00) | exponent ≤ 0.10: 0.00 (0.00–0.00) met |\n",
		"| node | 100 ns | 100 µs | 1.00 (off by × 1.00) |  |\n",
		"* spawn, brood: ≤ 0.25 × node: 0.50 (0.50–0.50), missed: the kernel is slow.\n",
		"* hello, brood: ≤ 0.30 × node: 0.50 (0.25–0.75), missed within the noise: the reason is not known yet.\n",
		"* lines, floor: –, it has no lines.\n",
		"* lines, node: –, it was not measured yet.\n",
		"† In this scenario the machine was more than 20 % slower or faster than in the median of the run, or took half or twice as long to wake a thread.\n",
		"a fixed calculation took 1.00 to 1.50 × its median, and waking a thread 1.00 to 1.00 ×.\n",
		"Medians of 1 round or more",
		"Without bun (not installed).\n",
		"<source media=\"(prefers-color-scheme: dark)\" srcset=\"results/all-dark.svg\">",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("the page lacks %q:\n%s", want, first)
		}
	}
	if strings.Contains(first, "old") {
		t.Errorf("the old block is still there:\n%s", first)
	}
	if err := report(filepath.Join(dir, "results"), []string{filepath.Join(dir, "README.md")}); err != nil {
		t.Fatal(err)
	}
	if again := read(t, dir, "README.md"); again != first {
		t.Errorf("made once more it is\n%s", again)
	}
}

func TestChartsNameWhatTheyShow(t *testing.T) {
	dir, err := folder(t, "<!-- bench peers ^peers, : begin -->\n<!-- bench peers ^peers, : end -->\n"+
		"<!-- bench growth ^growth: begin -->\n<!-- bench growth ^growth: end -->\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, colours := range []string{"light", "dark"} {
		for chart, words := range map[string][]string{
			"peers":  {">spawn<", ">lines<", ">node<", ">tokio<", ">floor<"},
			"growth": {">brood<", ">node<", ">children, logarithmic<", ">10,000<"},
		} {
			svg := read(t, dir, "results", chart+"-"+colours+".svg")
			for _, word := range words {
				if !strings.Contains(svg, word) {
					t.Errorf("%s in %s colours lacks %s", chart, colours, word)
				}
			}
		}
	}
	if read(t, dir, "results", "peers-light.svg") == read(t, dir, "results", "peers-dark.svg") {
		t.Error("light and dark are the same")
	}
}

// A short block has one table. Its columns are those of the table of all contestants, and a raw
// contestant is in the column of the floor.
func TestAShortBlock(t *testing.T) {
	dir, err := folder(t, "<!-- bench-short top ^(peers, spawn|script|ipc): begin -->\n<!-- bench-short top ^(peers, spawn|script|ipc): end -->\n")
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, dir, "README.md")
	for _, want := range []string{
		"results/top-light.svg", "| per operation | floor | brood | node |\n", "| spawn, per child | 100 ns | **200 ns** ✗ | 400 ns |\n",
		"| hello †, per script | – | **200 ns** ≈ | 400 ns |\n", "| ipc, per message | 50.0 ns | **60.0 ns** | – |\n", "Measured on ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "Missed targets") || strings.Contains(text, "Async") {
		t.Errorf("a short block has what is long:\n%s", text)
	}
}

// A mark is the cost of another contestant as a multiple of brood's for the same number.
func TestAChartComparesLikeWithLike(t *testing.T) {
	s := &samples.Scenario{Name: "kill", Unit: "child", Ops: 1, Measure: samples.Nanoseconds, Contestants: []samples.Contestant{
		{Name: "brood, 10 at once", Samples: []int64{100}},
		{Name: "brood, 1000 at once", Samples: []int64{10}},
		{Name: "os/exec, 1000 at once", Samples: []int64{30}},
		{Name: "node", Samples: []int64{300}},
		{Name: "bun"},
	}}
	rows := ratiosOf([]samples.Latest{{Scenario: s, Run: new(samples.Run)}})
	if len(rows) != 1 || len(rows[0].others) != 2 || rows[0].others[0].ratio.Mid != 3 || rows[0].others[1].ratio.Mid != 3 {
		t.Errorf("the rows are %+v", rows)
	}
}

// Text has the width in which it was measured, in every font.
func TestTextFitsInItsRoom(t *testing.T) {
	dir, err := folder(t, "<!-- bench peers ^peers, : begin -->\n<!-- bench peers ^peers, : end -->\n")
	if err != nil {
		t.Fatal(err)
	}
	svg := read(t, dir, "results", "peers-light.svg")
	texts := regexp.MustCompile(`(?s)<text[^>]*>`).FindAllString(svg, -1)
	if len(texts) < 5 {
		t.Fatalf("there are %d texts", len(texts))
	}
	for _, text := range texts {
		if !regexp.MustCompile(`textLength="[1-9][\d.]*"`).MatchString(text) {
			t.Errorf("%s has no length", text)
		}
	}
}

func TestABlockOfWhatWasNotMeasuredSaysSo(t *testing.T) {
	dir, err := folder(t, "<!-- bench none ^nothing$: begin -->\n<!-- bench none ^nothing$: end -->\n")
	if err != nil {
		t.Fatal(err)
	}
	if text := read(t, dir, "README.md"); !strings.Contains(text, "begin -->\nNot measured yet.\n<!--") {
		t.Errorf("the page is\n%s", text)
	}
}

func TestAPageWithBrokenMarksIsLeftAlone(t *testing.T) {
	for name, page := range map[string]string{
		"no marks":              "nothing\n",
		"no end":                begin + "old\n",
		"no begin":              "old\n" + end,
		"another end":           begin + "old\n<!-- bench other .: end -->\n",
		"two begins":            begin + begin + end,
		"no regular expression": "<!-- bench all (: begin -->\n<!-- bench all (: end -->\n",
	} {
		dir, err := folder(t, page)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if text := read(t, dir, "README.md"); text != page {
			t.Errorf("%s: the page is\n%s", name, text)
		}
	}
}

// The pages of this repository are those that the report makes from the kept measurements.
func TestThePagesAreWhatWasMeasured(t *testing.T) {
	runs, err := samples.ReadAll("../results")
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) == 0 {
		t.Fatal("no measurements are kept")
	}
	charts := map[string]bool{}
	for _, file := range []string{"../README.md", "../../README.md", "../../script/README.md"} {
		d := document{file: file, results: "../results", newest: samples.Newest(runs)}
		text := read(t, file)
		made, err := d.replace(text)
		if err != nil {
			t.Fatal(err)
		}
		if made != text {
			t.Errorf("%s is not what was measured: run `make bench-readme`", file)
		}
		for chart, svg := range d.charts {
			charts[filepath.Clean(chart)] = true
			if read(t, chart) != string(svg) {
				t.Errorf("%s is not what was measured: run `make bench-readme`", chart)
			}
		}
	}
	kept, err := filepath.Glob("../results/*.svg")
	if err != nil {
		t.Fatal(err)
	}
	for _, chart := range kept {
		if !charts[filepath.Clean(chart)] {
			t.Errorf("%s is in no page", chart)
		}
	}
	if len(charts) == 0 {
		t.Error("there is no chart")
	}
}

// Every measurement is in the page of all tables.
func TestNoMeasurementIsLeftOut(t *testing.T) {
	runs, err := samples.ReadAll("../results")
	if err != nil {
		t.Fatal(err)
	}
	page := read(t, "../README.md")
	for _, l := range samples.Newest(runs) {
		shown := slices.ContainsFunc(mark.FindAllStringSubmatch(page, -1), func(m []string) bool {
			return regexp.MustCompile(m[markPattern/2]).MatchString(l.Name)
		})
		if !shown {
			t.Errorf("%q is in no block of bench/README.md", l.Name)
		}
	}
}

// No page has a time outside of the blocks, because it would not be a measured one.
func TestNoTimeIsWrittenByHand(t *testing.T) {
	_, numbers, found := strings.Cut(read(t, "../../README.md"), "\n## Numbers\n")
	numbers, _, ends := strings.Cut(numbers, "\n## ")
	if !found || !ends {
		t.Fatal("README.md has no section Numbers")
	}
	for page, text := range map[string]string{"README.md": numbers, "bench/README.md": read(t, "../README.md")} {
		var outside strings.Builder
		at := 0
		for _, m := range mark.FindAllStringSubmatchIndex(text, -1) {
			if text[m[markEnd]:m[markEnd+1]] == "begin" {
				outside.WriteString(text[at:m[0]])
			}
			at = m[1]
		}
		outside.WriteString(text[at:])
		if found := regexp.MustCompile(`\d[\d.,]* ?(ns|µs|ms|s|MiB/s|k/s|M/s)\b`).FindAllString(outside.String(), -1); found != nil {
			t.Errorf("%s: written by hand: %q", page, found)
		}
	}
}
