package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/brood-go/brood/bench/samples"
)

// writeMissing writes why a row of a table lacks a contestant, for each that it lacks.
func writeMissing(b *strings.Builder, chosen []samples.Latest) {
	var lines []string
	for _, l := range chosen {
		in := inColumns(l)
		for _, name := range columnsOf(chosen) {
			// Contestants that are not installed are named by writeSources.
			if _, ok := in[name]; ok || l.Run.Missing[name] != "" {
				continue
			}
			why := "it was not measured yet"
			if i := slices.IndexFunc(l.Contestants, func(c samples.Contestant) bool { return c.Name == name }); i >= 0 {
				why = l.Contestants[i].Missing
			}
			lines = append(lines, fmt.Sprintf("* %s, %s: –, %s.\n", title(l.Scenario), name, why))
		}
	}
	if len(lines) > 0 {
		b.WriteString(strings.Join(lines, "") + "\n")
	}
}

// writeMissedTargets writes the targets that were missed, each with its reason.
func writeMissedTargets(b *strings.Builder, chosen []samples.Latest) {
	var lines []string
	for _, l := range chosen {
		for _, i := range l.Present() {
			for _, v := range l.Verdicts(i) {
				if v.Met {
					continue
				}
				why := l.Contestants[i].Because
				if why == "" {
					why = "the reason is not known yet"
				}
				lines = append(lines, fmt.Sprintf("* %s, %s: %s, %s: %s.\n", title(l.Scenario), l.Contestants[i].Name, v.Text, v.Outcome(), why))
			}
		}
	}
	if len(lines) > 0 {
		b.WriteString("Missed targets:\n\n" + strings.Join(lines, "") + "\n")
	}
}

// writeSources writes the runs that a block is from.
func writeSources(b *strings.Builder, chosen []samples.Latest) {
	var runs []*samples.Run
	fewest := 0
	unsteady := false
	for _, l := range chosen {
		if !slices.Contains(runs, l.Run) {
			runs = append(runs, l.Run)
		}
		if n := len(l.Contestants[l.Present()[0]].Samples); fewest == 0 || n < fewest {
			fewest = n
		}
		unsteady = unsteady || l.Run.Unsteady(l.Scenario)
	}
	rounds := "rounds"
	if fewest == 1 {
		rounds = "round"
	}
	fmt.Fprintf(b, "Medians of %d %s or more, in brackets their middle half; ratios of these medians, in brackets their 95 %% interval. Less is better.\n", fewest, rounds)
	if unsteady {
		fmt.Fprintf(b, "%s In this scenario the machine was more than 20 %% slower or faster than in the median of the run, or took half or twice as long to wake a thread.\n", unsteadyMark)
	}
	for _, r := range runs {
		fmt.Fprintf(b, "Measured on %s.\n", r.Summary())
		if text := r.Steadiness(); text != "" {
			b.WriteString(text + "\n")
		}
		var missing []string
		for _, name := range slices.Sorted(maps.Keys(r.Missing)) {
			missing = append(missing, name+" ("+r.Missing[name]+")")
		}
		if len(missing) > 0 {
			fmt.Fprintf(b, "Without %s.\n", strings.Join(missing, ", "))
		}
	}
}
