//go:build !linux

package childprocess_test

import (
	"errors"
	"os"
)

// rulesetBelow has nothing to make here.
func rulesetBelow(...string) (*os.File, error) { return nil, errors.ErrUnsupported }
