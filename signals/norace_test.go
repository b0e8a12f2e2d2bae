//go:build !race

package signals_test

// raceEnabled says that the race detector is not there, which allocates where the program does not.
const raceEnabled = false
