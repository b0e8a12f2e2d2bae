package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/brood-go/brood/bench/samples"
)

// tables are one for the scenarios that have the same contestants, one for the others, and one for each growth. Below are the
// targets that were missed, each with its reason, and what all of it was measured on.
func tables(b *strings.Builder, chosen []samples.Latest) {
	var matrix, list []samples.Latest
	for _, l := range chosen {
		switch {
		case l.GrowsWith != "":
		case l.Matrix:
			matrix = append(matrix, l)
		default:
			list = append(list, l)
		}
	}
	matrixTable(b, matrix)
	listTable(b, list)
	for _, l := range chosen {
		if l.GrowsWith != "" {
			growthTable(b, l)
		}
	}
	reasons(b, chosen)
	sources(b, chosen)
}

// title is the name of a scenario without the group that it is in.
func title(s *samples.Scenario) string {
	for _, group := range []string{"peers, ", "script ", "growth of "} {
		if rest, ok := strings.CutPrefix(s.Name, group); ok {
			return rest
		}
	}
	return s.Name
}

// matrixTable has a row for each scenario and a column for each contestant. Whatever takes least but for the floor is bold.
func matrixTable(b *strings.Builder, chosen []samples.Latest) {
	if len(chosen) == 0 {
		return
	}
	var columns []string
	for _, l := range chosen {
		for _, i := range l.Present() {
			if name := l.Contestants[i].Name; !slices.Contains(columns, name) {
				columns = append(columns, name)
			}
		}
	}
	fmt.Fprintf(b, "| per operation | %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, l := range chosen {
		least := math.Inf(1)
		for _, i := range l.Present() {
			if l.Contestants[i].Name != samples.Floor {
				least = min(least, l.PerOp(i))
			}
		}
		fmt.Fprintf(b, "| %s, per %s |", title(l.Scenario), l.Unit)
		for _, name := range columns {
			cell := "–"
			if i := l.Index(name); i >= 0 {
				cell = l.Each(i)
				if l.PerOp(i) == least && name != samples.Floor {
					cell = "**" + cell + "**"
				}
				if l.Missed(i) {
					cell += " ✗"
				}
			}
			fmt.Fprintf(b, " %s |", cell)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// listTable has a row for each scenario: what brood takes, with the middle half of the rounds, what the others take, and the
// targets.
func listTable(b *strings.Builder, chosen []samples.Latest) {
	if len(chosen) == 0 {
		return
	}
	b.WriteString("| per operation | brood | others | targets |\n|---|---|---|---|\n")
	for _, l := range chosen {
		var mine, others, targets []string
		for _, i := range l.Present() {
			name := l.Contestants[i].Name
			if !strings.Contains(name, "brood") {
				others = append(others, name+" "+l.Each(i))
				continue
			}
			low, high := l.Spread(i)
			mine = append(mine, fmt.Sprintf("%s%s (%s–%s)", way(name, " "), l.Each(i), l.Amount(low), l.Amount(high)))
			if verdicts := verdicts(l, i); verdicts != "" {
				targets = append(targets, way(name, ": ")+verdicts)
			}
		}
		fmt.Fprintf(b, "| %s, per %s | %s | %s | %s |\n", title(l.Scenario), l.Unit, strings.Join(mine, "<br>"), strings.Join(others, "<br>"), strings.Join(targets, "<br>"))
	}
	b.WriteString("\n")
}

// way is what a contestant of brood's is called beside the others, with what follows it; empty for brood as such.
func way(name, then string) string {
	rest := strings.TrimLeft(strings.TrimPrefix(name, "brood"), ", ")
	if rest == "" {
		return ""
	}
	return rest + then
}

// verdicts are those of a contestant, those that it missed in bold.
func verdicts(l samples.Latest, i int) string {
	var all []string
	for _, v := range l.Verdicts(i) {
		if v.Met {
			all = append(all, v.Text+" met")
		} else {
			all = append(all, "**"+v.Text+" missed**")
		}
	}
	return strings.Join(all, "; ")
}

// growthTable has a row for each series, with its cost by the size and the exponent of its growth.
func growthTable(b *strings.Builder, l samples.Latest) {
	sizes := l.Sizes()
	fmt.Fprintf(b, "| %s, per %s |", title(l.Scenario), l.Unit)
	for _, size := range sizes {
		fmt.Fprintf(b, " %s |", count(size))
	}
	fmt.Fprintf(b, " exponent | target |\n|---|%s---|---|\n", strings.Repeat("---|", len(sizes)))
	for _, g := range l.Growths() {
		fmt.Fprintf(b, "| %s |", g.Series)
		for _, size := range sizes {
			fmt.Fprintf(b, " %s |", l.AmountAt(g, size))
		}
		exponent := ""
		if !math.IsNaN(g.Exponent) {
			exponent = fmt.Sprintf("%s (off by × %.2f)", samples.Power(g.Exponent), g.Off)
		}
		fmt.Fprintf(b, " %s | %s |\n", exponent, verdicts(l, l.Limited(g.Series)))
	}
	b.WriteString("\n")
}

// count is a number with a comma for each thousand.
func count(n float64) string {
	text := fmt.Sprintf("%.0f", n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// reasons are the targets that were missed, with what a profile says of each.
func reasons(b *strings.Builder, chosen []samples.Latest) {
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
				lines = append(lines, fmt.Sprintf("* %s, %s: %s, missed: %s.\n", title(l.Scenario), l.Contestants[i].Name, v.Text, why))
			}
		}
	}
	if len(lines) > 0 {
		b.WriteString("Missed targets:\n\n" + strings.Join(lines, "") + "\n")
	}
}

// sources are the runs that a block is from.
func sources(b *strings.Builder, chosen []samples.Latest) {
	var runs []*samples.Run
	for _, l := range chosen {
		if !slices.Contains(runs, l.Run) {
			runs = append(runs, l.Run)
		}
	}
	b.WriteString("Medians of interleaved rounds; in brackets the middle half of them. Ratios are of times, so less is better.\n")
	for _, r := range runs {
		fmt.Fprintf(b, "Measured on %s.\n", r.Said())
		var missing []string
		for _, name := range slices.Sorted(maps.Keys(r.Missing)) {
			missing = append(missing, name+" ("+r.Missing[name]+")")
		}
		if len(missing) > 0 {
			fmt.Fprintf(b, "Without %s.\n", strings.Join(missing, ", "))
		}
	}
}
