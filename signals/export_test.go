package signals

// Views of the platform's table files, for tests of all their rows.
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

// StopOnWithin is StopOn with a given window for repetitions of the first signal.
var StopOnWithin = stopOn
