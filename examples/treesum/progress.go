package main

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows how far the pool is, on stderr.
type progress interface {
	period() time.Duration // how often show is to be called
	show(s state)
	finish()
}

func newProgress(o options, t *tree) progress {
	switch {
	case o.quiet:
		return silence{}
	case term.IsTerminal(int(os.Stderr.Fd())):
		return newBar(t)
	}
	fmt.Fprintf(os.Stderr, "treesum: %s: %d files, %s, at most %d workers at once\n",
		t.dir, len(t.files), formatBytes(t.bytes), o.jobs)
	return &lines{every: o.every, tree: t}
}

// silence is the progress of -q.
type silence struct{}

func (silence) period() time.Duration { return time.Hour }
func (silence) show(state)            {}
func (silence) finish()               {}

// lines is the progress for a file or a pipe.
type lines struct {
	every time.Duration
	tree  *tree
}

func (l *lines) period() time.Duration { return l.every }

func (l *lines) show(s state) {
	fmt.Fprintf(os.Stderr, "treesum: %d of %d files, %s of %s, %d running\n",
		s.done, len(l.tree.files), formatBytes(s.bytes), formatBytes(l.tree.bytes), s.running)
}

func (l *lines) finish() {}

// bar is the progress for a terminal.
type bar struct {
	bar  *progressbar.ProgressBar
	tree *tree
}

// barPeriod is short enough to look smooth. The bar costs a write to the terminal, so it is not drawn for every file.
const barPeriod = 100 * time.Millisecond

func newBar(t *tree) *bar {
	b := &bar{
		tree: t,
		bar: progressbar.NewOptions64(max(t.bytes, 1), // The library wants a positive number.
			progressbar.OptionSetWriter(os.Stderr),
			progressbar.OptionSetWidth(30),
			progressbar.OptionShowBytes(true),
			progressbar.OptionShowCount(),
			progressbar.OptionUseANSICodes(true),
			progressbar.OptionClearOnFinish(),
		),
	}
	b.show(state{})
	return b
}

func (b *bar) period() time.Duration { return barPeriod }

// show draws the bar. Progress that cannot be shown is no reason to stop, so errors are not looked at.
func (b *bar) show(s state) {
	b.bar.Describe(fmt.Sprintf("%d/%d files", s.done, len(b.tree.files)))
	// A file may have grown since the walk, and the library refuses more than it was told. At the very end it would
	// call itself finished, while the last workers still run.
	_ = b.bar.Set64(min(s.bytes, max(b.tree.bytes, 1)-1))
}

func (b *bar) finish() {
	_ = b.bar.Clear() // The summary takes its place.
}
