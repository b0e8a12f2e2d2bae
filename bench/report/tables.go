package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/brood-go/brood/bench/samples"
)

// tables are one for the scenarios that have the same contestants, one for the others, and one for
// each growth. Below are those who never do a job, the targets that were missed, each with its
// reason, and what all of it was measured on.
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

// shortTable has a row for each scenario, and the contestants of those that are rows of the table
// of all contestants; without such those of the first.
func shortTable(b *strings.Builder, chosen []samples.Latest) {
	matrix := slices.DeleteFunc(slices.Clone(chosen), func(l samples.Latest) bool { return !l.Matrix })
	if len(matrix) == 0 {
		matrix = chosen[:1]
	}
	matrixTable(b, chosen, columnsOf(matrix))
	writeSources(b, chosen)
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

// marked is the title of a scenario, with a mark if it was not measured while the machine was as
// fast as mostly.
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

// columnsOf are the contestants of scenarios. Other ways of brood are in its own column.
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

// matrixTable has a row for each scenario and a column for each contestant. Whatever takes least
// but for the floor is bold.
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

// isWay reports whether a contestant is brood in another way than the usual one.
func isWay(name string) bool { return strings.HasPrefix(name, "brood, ") }

// inColumns has the place of each contestant that was measured, by its column. What takes the place
// of the floor is in its column.
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

// missed is the mark of a contestant that has missed a target, with a space in front; empty if it
// has not.
func missed(l samples.Latest, i int) string {
	switch missed, narrowly := l.Missed(i); {
	case narrowly:
		return " " + closeMark
	case missed:
		return " " + missedMark
	}
	return ""
}

// listTable has a row for each scenario: what brood takes, with the middle half of the rounds, what
// the others take, and the targets.
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

// way is what a contestant of brood's is called beside the others, with what follows it; empty for
// brood as such.
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
		if text := v.Text + " " + v.Outcome(); v.Met {
			all = append(all, text)
		} else {
			all = append(all, "**"+text+"**")
		}
	}
	return strings.Join(all, "; ")
}

// growthTable has a row for each series, with its cost by the size and the exponent of its growth.
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

// count is a number with a comma for each thousand.
func count(n float64) string {
	text := fmt.Sprintf("%.0f", n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
