package reactor

import (
	"context"
	"log/slog"
)

// A logFunc writes a record. It stands between the loop and the methods of slog.Logger: the linker
// keeps these, with everything they can print and encoding/json, in each program that may reach
// them. Only logTo refers to them, and only [New] with options refers to logTo.
type logFunc func(ctx context.Context, level slog.Level, msg string, args ...any)

// logTo returns logger's method, nil for nil.
func logTo(logger *slog.Logger) logFunc {
	if logger == nil {
		return nil
	}
	return logger.Log
}

// Logger returns the loop's [Options].Logger, to which objects on the loop may write; nil: there is
// none.
//
// Safe to call from any goroutine.
func (l *Loop) Logger() *slog.Logger { return l.opts.Logger }

// Log writes a record to the loop's [Options].Logger, if there is one. A program that gives no loop
// a Logger does not link package slog's handlers because of Log, as it would because of a method of
// [Loop.Logger].
//
// Safe to call from any goroutine.
func (l *Loop) Log(level slog.Level, msg string, args ...any) {
	if l.log != nil {
		l.log(context.Background(), level, msg, args...)
	}
}
