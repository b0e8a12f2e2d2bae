//go:build goexperiment.jsonv2 && !go1.27

package nodejson

import "encoding/json/v2"

// errSkip is what a function returns to the library that leaves a value to it. The library is an
// alias here for what Go has as an experiment, which still had a name of its own for it.
var errSkip = json.SkipFunc
