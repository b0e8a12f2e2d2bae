package main

import (
	"context"
	"log/slog"
	"strings"
)

// A lineKeeper is the handler of the pool's log. It runs on the loop goroutine and keeps the last
// line of each worker's stderr.
type lineKeeper struct{ lines map[int]string }

func (b *board) logger() *slog.Logger { return slog.New(lineKeeper{b.lines}) }

func (k lineKeeper) Enabled(context.Context, slog.Level) bool { return true }
func (k lineKeeper) WithAttrs([]slog.Attr) slog.Handler       { return k }
func (k lineKeeper) WithGroup(string) slog.Handler            { return k }

func (k lineKeeper) Handle(_ context.Context, r slog.Record) error {
	worker, stderr := 0, false
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "worker":
			worker = int(a.Value.Int64())
		case "stream":
			stderr = a.Value.String() == "stderr"
		}
		return true
	})
	if stderr {
		k.lines[worker] = strings.ToValidUTF8(r.Message[:min(len(r.Message), longestLine)], "�")
	}
	return nil
}
