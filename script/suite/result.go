package main

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/brood-go/brood/childprocess"
)

// verdict is the outcome of a test.
type verdict string

const (
	passed  verdict = "ok"
	skipped verdict = "skip" // by itself, because something is missing that it needs
	failed  verdict = "FAIL"
)

func (v verdict) valid() bool { return v == passed || v == skipped || v == failed }

// result is the verdict on a test and, unless it passed, the reason.
type result struct {
	program, family, file string
	verdict               verdict
	reason                string
	took                  time.Duration
}

func (r result) String() string {
	return strings.TrimSpace(fmt.Sprintf("%-4s %-60s %5.1fs %s", r.verdict, r.file, r.took.Seconds(), r.reason))
}

// count is the number of tests with each verdict.
type count struct{ passed, skipped, failed int } // passed includes skipped

func countOf(all []result) (c count) {
	for _, r := range all {
		switch r.verdict {
		case skipped:
			c.skipped++
			c.passed++
		case passed:
			c.passed++
		default:
			c.failed++
		}
	}
	return c
}

func (c count) String() string {
	text := fmt.Sprintf("%d of %d passed", c.passed, c.passed+c.failed)
	if c.skipped > 0 {
		text += fmt.Sprintf(", %d of them skipped themselves", c.skipped)
	}
	return text
}

// skipLine matches the output of a test that skips itself, see common.skip.
var skipLine = regexp.MustCompile(`(?m)^1\.\.0 # Skipped:? ?(.*)$`)

// resultOf returns the result of a test that has exited.
func resultOf(limit time.Duration, err error, stdout, stderr []byte) result {
	if err == nil {
		if found := skipLine.FindSubmatch(stdout); found != nil {
			return result{verdict: skipped, reason: printable(found[1])}
		}
		return result{verdict: passed}
	}
	e, ok := errors.AsType[*childprocess.ExitError](err)
	if !ok {
		return result{verdict: failed, reason: printable([]byte(err.Error()))}
	}
	reason := e.Status.String()
	switch {
	case errors.Is(e.Err, childprocess.ErrTimeout):
		reason = "no end within " + limit.String()
	case e.Err != nil:
		reason = e.Err.Error()
	}
	line := errorLine(stderr)
	if line == "" {
		line = errorLine(stdout)
	}
	if line != "" {
		reason += ": " + line
	}
	return result{verdict: failed, reason: reason}
}

// blame matches the line that says what went wrong, the most telling pattern first.
var blame = []*regexp.Regexp{
	regexp.MustCompile(`(?m)^(?:panic|fatal error): .*$`),
	regexp.MustCompile(`(?m)^(?:error:|Mismatched|[A-Z]\w*Error\b).*$`),
	regexp.MustCompile(`(?m)^.*(?:Error\b.*:|Error$|Mismatched|is not|cannot).*$`),
	regexp.MustCompile(`(?m)^.*\S.*$`),
}

func errorLine(output []byte) string {
	for _, b := range blame {
		if line := b.Find(output); line != nil {
			return printable(line)
		}
	}
	return ""
}

// printable returns the beginning of a text in one line.
func printable(line []byte) string {
	const longest = 200
	return strings.Join(strings.Fields(string(bytes.ToValidUTF8(line[:min(len(line), longest)], nil))), " ")
}
