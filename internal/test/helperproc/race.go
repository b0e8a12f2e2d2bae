//go:build race

package helperproc

import "runtime"

func raceErrors() int { return runtime.RaceErrors() }
