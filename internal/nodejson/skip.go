//go:build !goexperiment.jsonv2 || go1.27

package nodejson

import "errors"

// errSkip is the error by which a function of ours leaves a value to the library.
var errSkip = errors.ErrUnsupported
