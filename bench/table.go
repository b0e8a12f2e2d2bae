package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// table is the report: a block for each scenario, its contestants with their time per operation, and their ratio to the
// first one, which is the floor. Below are the scenarios that have a table of their own.
func table(all []result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s/%s, %d CPUs, %s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), machine())
	if versions := scriptVersions(); versions != "" {
		fmt.Fprintf(&b, "%s\n\n", versions)
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range all {
		if r.report != nil || len(r.contestants) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s\tper %s\trate\tallocs\t× %s\tmiddle half\ttarget\n", r.name, r.unit, r.contestants[0].name)
		for i, c := range r.contestants {
			low, mid, high := r.ratio(i, 0)
			allocs := fmt.Sprintf("%.2f", r.allocs[i])
			if c.elsewhere {
				allocs = ""
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%.2f\t%.2f–%.2f\t%s\n",
				c.name, r.each(i), r.rate(i), allocs, mid, low, high, r.verdict(i))
		}
		fmt.Fprintln(w, "\t\t\t\t\t\t")
	}
	w.Flush()
	for _, r := range all {
		if r.report != nil && len(r.contestants) > 0 {
			b.WriteString(r.report(r))
		}
	}
	return b.String()
}

func short(d time.Duration) string {
	switch {
	case d < 10*time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f µs", float64(d.Nanoseconds())/1e3)
	}
	return fmt.Sprintf("%.1f ms", float64(d.Nanoseconds())/1e6)
}

// each is what one operation takes.
func (r result) each(i int) string {
	if r.size {
		return fmt.Sprintf("%.1f MiB", float64(r.perOp(i))/(1<<20))
	}
	return short(r.perOp(i))
}

// rate is the operations, or the bytes, per second.
func (r result) rate(i int) string {
	if r.size {
		return ""
	}
	perSecond := r.ops / quantile(r.times[i], 0.5).Seconds()
	if r.bytes > 0 {
		return fmt.Sprintf("%.0f MiB/s", perSecond*float64(r.bytes)/(1<<20))
	}
	if r.unit == "MiB" {
		return fmt.Sprintf("%.0f MiB/s", perSecond)
	}
	if perSecond > 1e6 {
		return fmt.Sprintf("%.1f M/s", perSecond/1e6)
	}
	return fmt.Sprintf("%.1f k/s", perSecond/1e3)
}

// verdict says whether the targets were met. Those against a contestant that is not there are left out.
func (r result) verdict(i int) string {
	var out []string
	c := r.contestants[i]
	for _, t := range c.targets {
		if j := r.index(t.against); j >= 0 {
			_, mid, _ := r.ratio(i, j)
			out = append(out, fmt.Sprintf("≤ %.2f × %s: %.2f %s", t.most, t.against, mid, metOrMissed(mid <= t.most)))
		}
	}
	if most := c.most.perOp; most > 0 {
		out = append(out, fmt.Sprintf("≤ %s: %s", short(most), metOrMissed(r.perOp(i) <= most)))
	}
	if most := c.most.allocs; most > 0 {
		out = append(out, fmt.Sprintf("≤ %.0f allocs: %.2f %s", most, r.allocs[i], metOrMissed(r.allocs[i] <= most+allocsOfARun/r.ops)))
	}
	return strings.Join(out, "; ")
}

// allocsOfARun is how many allocations of a run, as a whole, are none of its operations': timers, goroutines, the
// garbage collector's own.
const allocsOfARun = 100

func metOrMissed(met bool) string {
	if met {
		return "met"
	}
	return "MISSED"
}

// machine names the processor, where the system tells.
func machine() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, " \t:\n")
		}
	}
	return "unknown processor"
}

// writeRaw writes every measurement, in nanoseconds, or in bytes where that is what a scenario measures.
func writeRaw(file string, all []result) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	if err := w.Write([]string{"scenario", "contestant", "round", "operations", "amount", "unit"}); err != nil {
		return err
	}
	for _, r := range all {
		unit := "ns"
		if r.size {
			unit = "B"
		}
		for i, c := range r.contestants {
			for round, d := range r.times[i] {
				row := []string{r.name, c.name, strconv.Itoa(round), strconv.FormatFloat(r.ops, 'f', -1, 64), strconv.FormatInt(int64(d), 10), unit}
				if err := w.Write(row); err != nil {
					return err
				}
			}
		}
	}
	w.Flush()
	return w.Error()
}
