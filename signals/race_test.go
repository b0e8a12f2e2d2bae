//go:build race

package signals_test

// raceEnabled says that the race detector slows this binary down and allocates where the program
// does not.
const raceEnabled = true
