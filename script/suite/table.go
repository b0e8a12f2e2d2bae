package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
)

// resultHeader is the first line of a file of results.
var resultHeader = []string{"program", "family", "file", "verdict", "seconds", "reason"}

func writeResults(file string, all []result) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	if err := w.Write(resultHeader); err != nil {
		return err
	}
	for _, r := range all {
		seconds := strconv.FormatFloat(r.took.Seconds(), 'f', 1, 64)
		if err := w.Write([]string{r.program, r.family, r.file, string(r.verdict), seconds, r.reason}); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func readResults(file string) (all []result, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], resultHeader) {
		return nil, fmt.Errorf("%s does not have the results of a run", file)
	}
	for _, row := range rows[1:] {
		all = append(all, result{program: row[0], family: row[1], file: row[2], verdict: verdict(row[3]), reason: row[5]})
	}
	return all, nil
}

// printTable prints files of results in Markdown: a row for each family and one for all, a column
// for each file. A number in brackets counts the passed tests that skipped themselves.
func printTable(w io.Writer, files []string) error {
	if len(files) == 0 {
		return fmt.Errorf("-table has no file of results")
	}
	columns := make([][]result, len(files))
	head, rule := "| family | tests |", "|---|---|"
	for i, file := range files {
		var err error
		if columns[i], err = readResults(file); err != nil {
			return err
		}
		if len(columns[i]) == 0 {
			return fmt.Errorf("%s has no result", file)
		}
		head += " " + columns[i][0].program + " |"
		rule += "---|"
	}
	if _, err := fmt.Fprintln(w, head+"\n"+rule); err != nil {
		return err
	}
	row := func(name string, belongs func(result) bool) error {
		most, cells := 0, ""
		for _, column := range columns {
			c := countOf(slices.DeleteFunc(slices.Clone(column), func(r result) bool { return !belongs(r) }))
			most = max(most, c.passed+c.failed)
			cells += " " + c.cell() + " |"
		}
		if most == 0 {
			return nil
		}
		_, err := fmt.Fprintf(w, "| %s | %d |%s\n", name, most, cells)
		return err
	}
	for _, f := range families {
		if err := row(f.name, func(r result) bool { return r.family == f.name }); err != nil {
			return err
		}
	}
	return row("all", func(result) bool { return true })
}

func (c count) cell() string {
	switch {
	case c == count{}:
		return ""
	case c.skipped > 0:
		return fmt.Sprintf("%d (%d)", c.passed, c.skipped)
	}
	return strconv.Itoa(c.passed)
}
