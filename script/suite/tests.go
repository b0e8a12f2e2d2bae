package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// test is a file of the tree.
type test struct {
	// name is relative to tree; family is empty for a file that a pattern has found
	tree, name, family string
	flags, env         []string
	usesNodeTest       bool
}

// alone reports whether no other test may run at the same time.
func (t *test) alone() bool { return strings.HasPrefix(t.name, "sequential/") }

// findTests returns the tests of families and those that match patterns, each once.
func findTests(tree string, wanted []string) ([]test, error) {
	tree, err := filepath.Abs(tree)
	if err != nil {
		return nil, err
	}
	var all []test
	seen := map[string]bool{}
	add := func(family, pattern string) error {
		files, err := filepath.Glob(filepath.Join(tree, pattern))
		if err != nil {
			return fmt.Errorf("%s: %w", pattern, err)
		}
		for _, file := range files {
			if seen[file] || !slices.Contains([]string{".js", ".mjs", ".cjs"}, filepath.Ext(file)) {
				continue
			}
			seen[file] = true
			t, err := readTest(tree, file, family)
			if err != nil {
				return err
			}
			all = append(all, t)
		}
		return nil
	}
	for _, f := range families {
		if len(wanted) > 0 && !slices.Contains(wanted, f.name) {
			continue
		}
		for _, pattern := range f.patterns {
			if err := add(f.name, pattern); err != nil {
				return nil, err
			}
		}
	}
	for _, pattern := range wanted {
		if !slices.ContainsFunc(families, func(f family) bool { return f.name == pattern }) {
			if err := add("", pattern); err != nil {
				return nil, err
			}
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no test in %s matches %q", tree, wanted)
	}
	return all, nil
}

var (
	flagsLine    = regexp.MustCompile(`(?m)^// Flags: (.*)$`)
	envLine      = regexp.MustCompile(`(?m)^// Env: (.*)$`)
	nodeTestName = regexp.MustCompile(`['"]node:test['"]`)
)

// readTest reads the flags and variables in the head of a file.
func readTest(tree, file, family string) (test, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return test{}, err
	}
	name, err := filepath.Rel(tree, file)
	if err != nil {
		return test{}, err
	}
	t := test{tree: tree, name: name, family: family, usesNodeTest: nodeTestName.Match(text)}
	if found := flagsLine.FindSubmatch(text); found != nil {
		t.flags = strings.Fields(string(found[1]))
	}
	if found := envLine.FindSubmatch(text); found != nil {
		t.env = strings.Fields(string(found[1]))
	}
	return t, nil
}
