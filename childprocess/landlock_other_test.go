//go:build !linux

package childprocess_test

import (
	"errors"
	"os"
)

// rulesetBelow fails, because this system has no landlock.
func rulesetBelow(...string) (*os.File, error) { return nil, errors.ErrUnsupported }
