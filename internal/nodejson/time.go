package nodejson

import "time"

// This file writes and reads times in UTC, which most times in messages are, as all of
// JavaScript's: 2006-01-02T15:04:05.678Z. That takes half the time of the methods of time.Time,
// which have other layouts and zones too. Other times go to these methods.

const (
	wholeSeconds = len("2006-01-02T15:04:05Z")
	mostFraction = 9 // digits of a second
)

// decodeTime is UnmarshalText of a time.Time for most times in UTC. For others it returns false.
func decodeTime(text []byte) (at time.Time, ok bool) {
	n := len(text)
	if n < wholeSeconds || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[n-1] != 'Z' {
		return at, false
	}
	year := 100*twoDigits(text[0:]) + twoDigits(text[2:])
	month, day := twoDigits(text[5:]), twoDigits(text[8:])
	hour, minute, second := twoDigits(text[11:]), twoDigits(text[14:]), twoDigits(text[17:])
	// A byte that is no digit makes a number of at least noDigits.
	if year >= noDigits || month-1 >= 12 || day-1 >= 28 || hour >= 24 || minute >= 60 || second >= 60 {
		return at, false // A day past 28, which not all months have, is left to the method.
	}
	nanoseconds := 0
	if n > wholeSeconds {
		fraction := text[wholeSeconds-1 : n-1]
		if fraction[0] != '.' || len(fraction) == 1 || len(fraction) > 1+mostFraction {
			return at, false
		}
		for _, c := range fraction[1:] {
			if !isDigit(c) {
				return at, false
			}
			nanoseconds = 10*nanoseconds + int(c-'0')
		}
		for range 1 + mostFraction - len(fraction) {
			nanoseconds *= 10
		}
	}
	return time.Date(int(year), time.Month(month), int(day), int(hour), int(minute), int(second), nanoseconds, time.UTC), true
}

// noDigits is more than any number of four digits.
const noDigits = 10_000

// twoDigits returns the decimal number in the first two bytes of p, at least noDigits if they are
// not digits.
func twoDigits(p []byte) uint {
	high, low := uint(p[0]-'0'), uint(p[1]-'0')
	if high > 9 || low > 9 {
		return noDigits
	}
	return 10*high + low
}

// appendTime appends a time in the form of RFC 3339. The error is errUnusual for a year of more
// than four digits.
func appendTime(dst []byte, at *time.Time) ([]byte, error) {
	if at.Location() != time.UTC {
		return appendZonedTime(dst, at)
	}
	year, month, day := at.Date()
	if year < 0 || year >= noDigits {
		return dst, errUnusual
	}
	hour, minute, second := at.Clock()
	dst = append(dst, `"0000-00-00T00:00:00`...)
	p := dst[len(dst)-wholeSeconds+1:]
	putTwoDigits(p[0:], year/100)
	putTwoDigits(p[2:], year%100)
	putTwoDigits(p[5:], int(month))
	putTwoDigits(p[8:], day)
	putTwoDigits(p[11:], hour)
	putTwoDigits(p[14:], minute)
	putTwoDigits(p[17:], second)
	if n := at.Nanosecond(); n > 0 {
		dst = append(dst, '.')
		for unit := 100_000_000; n > 0; unit /= 10 {
			dst = append(dst, '0'+byte(n/unit))
			n %= unit
		}
	}
	return append(dst, 'Z', '"'), nil
}

func putTwoDigits(p []byte, n int) { p[0], p[1] = '0'+byte(n/10), '0'+byte(n%10) }

func appendZonedTime(dst []byte, at *time.Time) ([]byte, error) {
	dst, err := at.AppendText(append(dst, '"'))
	if err != nil {
		return dst, errUnusual
	}
	return append(dst, '"'), nil
}
