package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// list writes a line for each hashed file, as sha256sum does.
func (t *tree) list(w io.Writer) error {
	out := bufio.NewWriter(w) // It keeps the first error for Flush.
	for _, f := range t.files {
		if f.err != nil {
			continue
		}
		if name := escape.Replace(f.path); name != f.path {
			fmt.Fprintf(out, "\\%s  %s\n", f.sum, name)
		} else {
			fmt.Fprintf(out, "%s  %s\n", f.sum, name)
		}
	}
	return out.Flush()
}

// escape is what sha256sum does to a name that would not fit on a line.
var escape = strings.NewReplacer("\\", `\\`, "\n", `\n`, "\r", `\r`)

// printSummary says what was done.
func printSummary(w io.Writer, h *hashing, verified int) error {
	list := sha256.New()
	if err := h.tree.list(list); err != nil {
		return err
	}
	failed := ""
	if n := len(h.tree.errors()); n > 0 {
		failed = fmt.Sprintf(", %d failed", n)
	}
	_, err := fmt.Fprintf(w, `files     %d%s
bytes     %d (%s)
time      %s
rate      %s/s
workers   %d started, at most %d at once
sample    %d agree with sha256sum
tree      %x
`,
		h.hashed, failed,
		h.bytes, formatBytes(h.bytes),
		h.took.Round(time.Millisecond),
		formatBytes(perSecond(h.bytes, h.took)),
		h.started(), h.most,
		verified,
		list.Sum(nil))
	return err
}

func perSecond(n int64, d time.Duration) int64 {
	return int64(float64(n) / max(d, time.Nanosecond).Seconds())
}

// formatBytes returns n with three or four digits and a unit.
func formatBytes(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, unit := float64(n)/1000, 0
	for v >= 999.95 && unit < len(units)-1 {
		v /= 1000
		unit++
	}
	return fmt.Sprintf("%.1f %cB", v, units[unit])
}
