//go:build !goexperiment.jsonv2 || go1.27

package nodejson

import "errors"

// errSkip is what a function returns to the library that leaves a value to it.
var errSkip = errors.ErrUnsupported
