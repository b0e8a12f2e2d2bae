package reactor

import (
	"context"
	"log/slog"
)

// A logFunc writes a record. It stands between the loop and the methods of slog.Logger, which the
// linker keeps, with all that they can print and encoding/json, in each program that may reach
// them: so only logTo refers to them, and only [New] with options to that.
type logFunc func(ctx context.Context, level slog.Level, msg string, args ...any)

// logTo returns nil for nil.
func logTo(logger *slog.Logger) logFunc {
	if logger == nil {
		return nil
	}
	return logger.Log
}

// Logger returns the loop's [Options].Logger, for objects on the loop that have something to tell;
// nil: they are silent.
//
// Safe to call from any goroutine.
func (l *Loop) Logger() *slog.Logger { return l.opts.Logger }

// Log writes a record to the loop's [Options].Logger, and does nothing without one. Unlike a call
// of [Loop.Logger]'s methods it costs a program that gives no loop a Logger nothing but itself.
//
// Safe to call from any goroutine.
func (l *Loop) Log(level slog.Level, msg string, args ...any) {
	if l.log != nil {
		l.log(context.Background(), level, msg, args...)
	}
}
