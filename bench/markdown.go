package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// The block of a file that writeBlock writes stands between these lines.
const (
	blockBegin = "<!-- make bench: begin -->\n"
	blockEnd   = "<!-- make bench: end -->\n"
)

// writeBlock replaces the block of a file by a table of the results.
func writeBlock(file string, all []result) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(text), blockBegin)
	_, after, ends := strings.Cut(rest, blockEnd)
	if !begins || !ends {
		return fmt.Errorf("%s has no lines %q and %q", file, blockBegin, blockEnd)
	}
	return os.WriteFile(file, []byte(before+blockBegin+markdown(all)+blockEnd+after), 0o644)
}

// markdown has a row for each scenario: the contestant with targets, or else the first one, the others, and the targets.
func markdown(all []result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, medians of interleaved rounds. Ratios are of times, so less is better.\n\n", time.Now().Format(time.DateOnly), machine())
	if versions := scriptVersions(); versions != "" {
		fmt.Fprintf(&b, "Beside brood: %s.\n\n", versions)
	}
	b.WriteString("| scenario, per operation | brood | others | targets |\n|---|---|---|---|\n")
	for _, r := range all {
		if r.report != nil || len(r.contestants) == 0 {
			continue
		}
		var mine, others, targets []string
		for i, c := range r.contestants {
			cell := c.name + " " + r.each(i)
			if !strings.Contains(c.name, "brood") {
				others = append(others, cell)
				continue
			}
			mine = append(mine, strings.TrimPrefix(cell, "brood "))
			if verdict := r.verdict(i); verdict != "" {
				targets = append(targets, verdict)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n",
			strings.TrimPrefix(r.name, "script "), strings.Join(mine, ", "), strings.Join(others, ", "), strings.Join(targets, "; "))
	}
	return b.String()
}
