package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/brood-go/brood/bench/samples"
)

// tables writes one table for the scenarios with the same contestants, one for the others, and one
// for each growth. Below are the contestants that never do a job, the missed targets with their
// reasons, and the runs.
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
	matrixTable(b, matrix, columnsOf(matrix))
	writeMissing(b, matrix)
	listTable(b, list)
	for _, l := range chosen {
		if l.GrowsWith != "" {
			growthTable(b, l)
		}
	}
	writeMissedTargets(b, chosen)
	writeSources(b, chosen)
}

// shortTable writes a row for each scenario. Its columns are the contestants of the scenarios that
// are in the table of all contestants, or else those of the first.
func shortTable(b *strings.Builder, chosen []samples.Latest) {
	matrix := slices.DeleteFunc(slices.Clone(chosen), func(l samples.Latest) bool { return !l.Matrix })
	if len(matrix) == 0 {
		matrix = chosen[:1]
	}
	matrixTable(b, chosen, columnsOf(matrix))
	writeSources(b, chosen)
}

// title returns the name of a scenario without its group.
func title(s *samples.Scenario) string {
	for _, group := range []string{"peers, ", "script ", "growth of "} {
		if rest, ok := strings.CutPrefix(s.Name, group); ok {
			return rest
		}
	}
	return s.Name
}

// marked returns the title of a scenario, with a mark if the machine was unsteady during its
// measurement.
func marked(l samples.Latest) string {
	if l.Run.Unsteady(l.Scenario) {
		return title(l.Scenario) + " " + unsteadyMark
	}
	return title(l.Scenario)
}

// The marks of a table.
const (
	unsteadyMark = "†"
	missedMark   = "✗"
	closeMark    = "≈" // missed within the noise
)

// columnsOf returns the contestants of scenarios. Other ways of brood go into its own column.
func columnsOf(chosen []samples.Latest) (names []string) {
	for _, l := range chosen {
		for _, c := range l.Contestants {
			if !slices.Contains(names, c.Name) && !isWay(c.Name) {
				names = append(names, c.Name)
			}
		}
	}
	return names
}

// matrixTable writes a row for each scenario and a column for each contestant. The least cost
// except the floor's is bold.
func matrixTable(b *strings.Builder, chosen []samples.Latest, columns []string) {
	if len(chosen) == 0 {
		return
	}
	fmt.Fprintf(b, "| per operation | %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, l := range chosen {
		in := inColumns(l)
		least := math.Inf(1)
		for name, i := range in {
			if slices.Contains(columns, name) && name != samples.Floor || isWay(name) && l.Matrix {
				least = min(least, l.PerOp(i))
			}
		}
		cell := func(name string) string {
			i, ok := in[name]
			switch {
			case !ok:
				return "–"
			case l.PerOp(i) == least && name != samples.Floor:
				return fmt.Sprintf("**%s**%s", l.Each(i), missed(l, i))
			}
			return l.Each(i) + missed(l, i)
		}
		fmt.Fprintf(b, "| %s, per %s |", marked(l), l.Unit)
		for _, name := range columns {
			b.WriteString(" " + cell(name))
			for _, c := range l.Contestants {
				if name == "brood" && isWay(c.Name) && l.Matrix {
					fmt.Fprintf(b, "<br>%s%s", way(c.Name, " "), cell(c.Name))
				}
			}
			b.WriteString(" |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// isWay reports whether a contestant is another way of brood than the usual one.
func isWay(name string) bool { return strings.HasPrefix(name, "brood, ") }

// inColumns returns the place of each measured contestant by its column. A raw contestant goes into
// the column of the floor.
func inColumns(l samples.Latest) map[string]int {
	in := map[string]int{}
	for _, i := range l.Present() {
		in[l.Contestants[i].Name] = i
	}
	if first := l.Present()[0]; strings.HasPrefix(l.Contestants[first].Name, "raw") {
		in[samples.Floor] = first
	}
	return in
}

// missed returns the mark of a contestant that has missed a target, with a space in front; empty if
// it has not.
func missed(l samples.Latest, i int) string {
	switch missed, narrowly := l.Missed(i); {
	case narrowly:
		return " " + closeMark
	case missed:
		return " " + missedMark
	}
	return ""
}

// listTable writes a row for each scenario: the cost of brood with the middle half of its rounds,
// the costs of the others, and the targets.
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
		fmt.Fprintf(b, "| %s, per %s | %s | %s | %s |\n", marked(l), l.Unit, strings.Join(mine, "<br>"), strings.Join(others, "<br>"), strings.Join(targets, "<br>"))
	}
	b.WriteString("\n")
}

// way returns the name of a way of brood beside the others, with the text then behind it; empty for
// brood itself.
func way(name, then string) string {
	rest := strings.TrimLeft(strings.TrimPrefix(name, "brood"), ", ")
	if rest == "" {
		return ""
	}
	return rest + then
}

// verdicts returns the verdicts of a contestant, with missed ones in bold.
func verdicts(l samples.Latest, i int) string {
	var all []string
	for _, v := range l.Verdicts(i) {
		if text := v.Text + " " + v.Outcome(); v.Met {
			all = append(all, text)
		} else {
			all = append(all, "**"+text+"**")
		}
	}
	return strings.Join(all, "; ")
}

// growthTable writes a row for each series, with its cost by size and the exponent of its growth.
func growthTable(b *strings.Builder, l samples.Latest) {
	sizes := l.Sizes()
	fmt.Fprintf(b, "| %s, per %s |", marked(l), l.Unit)
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

// count returns a number with a comma for each thousand.
func count(n float64) string {
	text := fmt.Sprintf("%.0f", n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
