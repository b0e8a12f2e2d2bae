package signals

// What the platform's table files say, for tests that walk over all of it.
const (
	MaxSignal = maxSignal
	RTMin     = rtMin
	RTMax     = rtMax
)

// EachName calls fn with every name of the tables, aliases included.
func EachName(fn func(name string, s Signal)) {
	for _, table := range [...][]named{common, extra} {
		for _, entry := range table {
			fn(entry.name, entry.signal)
		}
	}
}

// StopOnWithin is StopOn with a window of its own, in which the first signal may be repeated.
var StopOnWithin = stopOn
