// Command report makes the tables and charts of Markdown files from the measurements of the
// benchmark, which package samples keeps. For each scenario it takes the newest measurement in the
// folder. Nothing in these tables is written by hand.
//
//	go run ./report [-results DIR] FILE…
//
// A file marks the places of its tables, each with a regular expression for the names of its
// scenarios:
//
//	<!-- bench NAME ^PATTERN: begin -->
//	<!-- bench NAME ^PATTERN: end -->
//
// The text between these lines is replaced. The charts go into the folder of the measurements, as
// NAME-light.svg and NAME-dark.svg.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/brood-go/brood/bench/samples"
)

func main() {
	results := flag.String("results", "results", "folder with the measurements")
	flag.Parse()
	if err := report(*results, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func report(results string, files []string) error {
	runs, err := samples.ReadAll(results)
	if err != nil {
		return err
	}
	newest := samples.Newest(runs)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		d := document{file: file, results: results, newest: newest}
		out, err := d.replace(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for name, svg := range d.charts {
			if err := os.WriteFile(name, svg, 0o644); err != nil {
				return err
			}
		}
		if err := os.WriteFile(file, []byte(out), 0o644); err != nil {
			return err
		}
	}
	return nil
}
