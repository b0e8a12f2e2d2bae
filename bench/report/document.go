package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/brood-go/brood/bench/samples"
)

// document is a Markdown file whose blocks are made anew.
type document struct {
	file    string
	results string           // folder of the measurements, also for the charts
	newest  []samples.Latest // every scenario
	charts  map[string][]byte
}

// mark matches the first and the last line of a block. Its name is that of the chart. A short block
// has one table, without targets, with the contestants that do most of its jobs.
var mark = regexp.MustCompile(`(?m)^<!-- bench(-short)? (\S+) (.+): (begin|end) -->\n`)

// The indices of the groups of mark in a match.
const (
	markShort   = 2
	markName    = 4
	markPattern = 6
	markEnd     = 8
)

// replace returns the text with its blocks made anew.
func (d *document) replace(text string) (string, error) {
	marks := mark.FindAllStringSubmatchIndex(text, -1)
	if len(marks) == 0 {
		return "", errors.New("it has no lines <!-- bench NAME PATTERN: begin -->")
	}
	d.charts = map[string][]byte{}
	var out strings.Builder
	end := 0 // of the part of text that is in out
	for len(marks) > 0 {
		group := func(m []int, k int) string { return text[max(0, m[k]):max(0, m[k+1])] }
		begin, name, pattern := marks[0], group(marks[0], markName), group(marks[0], markPattern)
		if len(marks) < 2 || group(begin, markEnd) != "begin" || group(marks[1], markEnd) != "end" || group(marks[1], markName) != name {
			return "", fmt.Errorf("block %s has no begin and end of its own", name)
		}
		filter, err := regexp.Compile(pattern)
		if err != nil {
			return "", fmt.Errorf("block %s: %w", name, err)
		}
		block, err := d.block(name, filter, group(begin, markShort) != "")
		if err != nil {
			return "", fmt.Errorf("block %s: %w", name, err)
		}
		out.WriteString(text[end:begin[1]] + block)
		end = marks[1][0]
		marks = marks[2:]
	}
	return out.String() + text[end:], nil
}

// block returns the chart, the tables or the short one, and the sources, of the scenarios whose
// names match. A block without measurements says so.
func (d *document) block(name string, filter *regexp.Regexp, short bool) (string, error) {
	var chosen []samples.Latest
	for _, l := range d.newest {
		if filter.MatchString(l.Name) && len(l.Present()) > 0 {
			chosen = append(chosen, l)
		}
	}
	if len(chosen) == 0 {
		return "Not measured yet.\n", nil
	}
	var b strings.Builder
	shown, err := d.chart(name, chosen)
	if err != nil {
		return "", err
	}
	b.WriteString(shown)
	if short {
		shortTable(&b, chosen)
	} else {
		tables(&b, chosen)
	}
	return b.String(), nil
}

// chart draws the chart of a block in both themes. It returns the Markdown that shows the one of
// the reader's colour scheme.
func (d *document) chart(name string, chosen []samples.Latest) (string, error) {
	files := map[string]string{}
	for _, t := range themes {
		svg, err := picture(chosen, t)
		if err != nil {
			return "", err
		}
		if svg == nil {
			return "", nil
		}
		file := filepath.Join(d.results, name+"-"+t.name+".svg")
		d.charts[file] = svg
		if files[t.name], err = relative(filepath.Dir(d.file), file); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("<picture>\n<source media=\"(prefers-color-scheme: dark)\" srcset=\"%s\">\n<img alt=\"%s\" src=\"%s\">\n</picture>\n\n",
		files["dark"], chartTitle(chosen), files["light"]), nil
}

// relative returns the path by which a page in dir names a file.
func relative(dir, file string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if file, err = filepath.Abs(file); err != nil {
		return "", err
	}
	from, err := filepath.Rel(dir, file)
	return filepath.ToSlash(from), err
}
