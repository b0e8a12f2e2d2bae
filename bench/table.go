package main

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/brood-go/brood/bench/samples"
)

// table returns the report: a block for each scenario with its contestants, their time per
// operation, and their ratio to the first one, which is the floor. Below are the growths, each with
// a table of its own.
func table(run *samples.Run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", run.Summary(), run.Steadiness())
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for i := range run.Scenarios {
		if s := &run.Scenarios[i]; s.GrowsWith == "" {
			tableBlock(w, s, run.Unsteady(s))
		}
	}
	w.Flush()
	for i := range run.Scenarios {
		if s := &run.Scenarios[i]; s.GrowsWith != "" {
			b.WriteString(growthTable(s))
		}
	}
	return b.String()
}

func tableBlock(w *tabwriter.Writer, s *samples.Scenario, unsteady bool) {
	present := s.Present()
	if len(present) == 0 {
		return
	}
	first := present[0]
	mark := ""
	if unsteady {
		mark = " (the machine was not as fast as in the rest of the run)"
	}
	fmt.Fprintf(w, "%s%s\tper %s\trate\tallocs\t× %s\t95 %%\trounds\ttarget\n", s.Name, mark, s.Unit, s.Contestants[first].Name)
	for _, i := range present {
		c := &s.Contestants[i]
		r := s.Ratio(i, first)
		allocs := ""
		if c.Allocs != nil {
			allocs = fmt.Sprintf("%.2f", *c.Allocs)
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%.2f\t%.2f–%.2f\t%d\t%s\n",
			c.Name, s.Each(i), s.Rate(i), allocs, r.Mid, r.Low, r.High, len(c.Samples), verdicts(s, i))
	}
	fmt.Fprintln(w, "\t\t\t\t\t\t\t")
}

// verdicts returns the verdicts of a contestant, and the reason if one was missed.
func verdicts(s *samples.Scenario, i int) string {
	var all []string
	for _, v := range s.Verdicts(i) {
		all = append(all, v.String())
	}
	text := strings.Join(all, "; ")
	if missed, _ := s.Missed(i); missed && s.Contestants[i].Because != "" {
		text += " (" + s.Contestants[i].Because + ")"
	}
	return text
}

// growthTable returns a line for each series with its cost by size, and the exponent of its growth.
func growthTable(s *samples.Scenario) string {
	growths := s.Growths()
	if len(growths) == 0 {
		return ""
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	sizes := s.Sizes()
	fmt.Fprintf(w, "%s, per %s", s.Name, s.Unit)
	for _, size := range sizes {
		fmt.Fprintf(w, "\t%.0f", size)
	}
	fmt.Fprint(w, "\texponent\toff by\ttarget\n")
	for _, g := range growths {
		fmt.Fprintf(w, "  %s", g.Series)
		for _, size := range sizes {
			fmt.Fprintf(w, "\t%s", s.AmountAt(g, size))
		}
		exponent, off := "", ""
		if !math.IsNaN(g.Exponent) {
			exponent, off = samples.Power(g.Exponent), fmt.Sprintf("× %.2f", g.Off)
		}
		fmt.Fprintf(w, "\t%s\t%s\t%s\n", exponent, off, verdicts(s, s.Limited(g.Series)))
	}
	fmt.Fprintln(w)
	w.Flush()
	return b.String()
}
