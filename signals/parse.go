package signals

import (
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrUnknown says that a text names no signal of this system. errors.Is(ErrUnknown, os.ErrInvalid)
// is true.
var ErrUnknown error = unknownError{}

type unknownError struct{}

func (unknownError) Error() string        { return "unknown signal" }
func (unknownError) Is(target error) bool { return target == os.ErrInvalid }

// A ParseError is a text that [Parse] refused.
type ParseError struct {
	Text string // as given to Parse
	Err  error  // ErrUnknown
}

// Error returns the text, quoted, and the cause.
func (e *ParseError) Error() string {
	return "signals: parse " + strconv.Quote(e.Text) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ParseError) Unwrap() error { return e.Err }

// Parse returns the signal that s names. It takes a name or an alias ("SIGTERM", "SIGPOLL"), a
// real-time signal ("SIGRTMIN", "SIGRTMIN+3", "SIGRTMAX-1") or a decimal number ("15"), each with
// or without the SIG and in upper or lower case.
//
// Parse refuses every other text with a *ParseError wrapping [ErrUnknown]: the empty text, blanks,
// a number that is no signal of this system, an offset that leaves the real-time range. It refuses
// "0", because the null signal of kill(2) only asks whether a process exists: it has no name,
// cannot be watched, and ends nothing, and in a configuration a Signal of zero means "not given". A
// program that needs it writes Signal(0). Parse refuses leading zeros because some programs read
// "010" as eight.
//
// Safe to call from any goroutine.
func Parse(s string) (Signal, error) {
	signal, ok := lookup(s)
	if !ok {
		return 0, &ParseError{Text: s, Err: ErrUnknown}
	}
	return signal, nil
}

func lookup(text string) (signal Signal, ok bool) {
	// Unicode has letters whose upper case is ASCII ("ſ" becomes "S"). They are not part of any
	// name.
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return 0, false
		}
	}
	short := strings.TrimPrefix(strings.ToUpper(text), "SIG")

	if n, ok := decimal(short); ok {
		return Signal(n), 0 < n && Signal(n) <= maxSignal
	}
	if offset, ok := strings.CutPrefix(short, "RTMIN"); ok {
		return realTime(rtMin, offset, "+", 1)
	}
	if offset, ok := strings.CutPrefix(short, "RTMAX"); ok {
		return realTime(rtMax, offset, "-", -1)
	}
	for _, table := range [...][]named{common, extra} {
		for _, entry := range table {
			if entry.name[len("SIG"):] == short {
				return entry.signal, true
			}
		}
	}
	return 0, false
}

// realTime returns the signal at an offset from base, one end of the real-time range. offset is
// empty, or sign and a number; direction is 1 or -1, the meaning of sign.
func realTime(base Signal, offset, sign string, direction int) (signal Signal, ok bool) {
	signal = base
	if offset != "" {
		digits, signed := strings.CutPrefix(offset, sign)
		n, number := decimal(digits)
		if !signed || !number {
			return 0, false
		}
		signal += Signal(direction * n)
	}
	return signal, rtMin <= signal && signal <= rtMax
}

// decimal reads a number without sign and leading zeros. It takes at most three digits, which is
// enough for every system's signals.
func decimal(text string) (n int, ok bool) {
	if text == "" || len(text) > 3 || text[0] == '0' && len(text) > 1 {
		return 0, false
	}
	for i := range len(text) {
		digit := text[i] - '0'
		if digit > 9 { // also characters below '0', because digit is unsigned
			return 0, false
		}
		n = 10*n + int(digit)
	}
	return n, true
}
