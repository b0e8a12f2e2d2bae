package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/brood-go/brood/signals"
)

// A progress shows on stderr how far the work is.
type progress struct {
	tree  *tree
	every time.Duration            // how often show is to be called
	bar   *progressbar.ProgressBar // nil where stderr is no terminal: then show prints lines
}

// newProgress returns one for a tree, whose lines are to come so often.
func newProgress(t *tree, every time.Duration) *progress {
	p := &progress{tree: t, every: every}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		// It looks smooth, and each time costs a write to the terminal.
		p.every = 100 * time.Millisecond
		p.bar = progressbar.NewOptions64(max(t.bytes, 1), // The library wants a positive number.
			progressbar.OptionSetWriter(os.Stderr),
			progressbar.OptionSetWidth(30),
			progressbar.OptionShowBytes(true),
			progressbar.OptionShowCount(),
			progressbar.OptionUseANSICodes(true),
			progressbar.OptionClearOnFinish(),
		)
		p.show(0, 0)
	}
	return p
}

func (p *progress) show(files int, bytes int64) {
	if p.bar == nil {
		fmt.Fprintf(os.Stderr, "treesum: %d of %d files, %s of %s\n", files, len(p.tree.files), megabytes(bytes), megabytes(p.tree.bytes))
		return
	}
	p.bar.Describe(fmt.Sprintf("%d/%d files", files, len(p.tree.files)))
	// A file may have grown since the walk, and the library refuses more than it was told. Progress
	// that cannot be shown is no reason to stop.
	_ = p.bar.Set64(min(bytes, max(p.tree.bytes, 1)-1))
}

// finish makes room for the summary.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Clear() // As for show.
	}
}

// printSummary prints the numbers of files and bytes, and the time.
func (h *hashing) printSummary(w io.Writer, verified int) error {
	list := sha256.New()
	if err := h.tree.list(list); err != nil {
		return err
	}
	hashed, all := len(h.tree.hashed()), len(h.tree.files)
	_, err := fmt.Fprintf(w, "files     %d, %d failed\nbytes     %d\ntime      %.2f s\nrate      %s/s\nworkers   %d\nsample    %d agree with sha256sum\ntree      %x\n",
		hashed, all-hashed+len(h.tree.broken), h.bytes, h.took.Seconds(),
		megabytes(int64(float64(h.bytes)/h.took.Seconds())), h.pool.Stats().Peak, verified, list.Sum(nil))
	return err
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

// name is the signal that has stopped the work.
func (h *hashing) name() string { return signals.Name(h.stop.Signal()) }
