//go:build goexperiment.jsonv2 && !go1.27

package nodejson

import "encoding/json/v2"

// errSkip is the error by which a function of ours leaves a value to the library. Here the library
// is an alias for Go's experiment, which still had its own name for the error.
var errSkip = json.SkipFunc
