//go:build amd64 || arm64

package process

import "slices"

// Features names the parts of the fork that this program still uses.
func Features() (names []string) {
	have := allFeatures &^ features(absent.Load())
	for _, f := range []struct {
		bit  features
		name string
	}{
		{clone3, "clone3"}, {clearSighand, "clearsighand"}, {unsharedRange, "unsharedrange"}, {closeRange, "closerange"},
		{pidfds, "pidfds"},
	} {
		if have.all(f.bit) {
			names = append(names, f.name)
		}
	}
	return names
}

// Reserved returns the low numbers that s holds.
func (s *Starter) Reserved() []int { return slices.Clone(s.own.numbers.fds) }

// Sources returns the descriptors from which the last start filled the slots.
func (s *Starter) Sources() []int { return slices.Clone(s.own.slots) }
