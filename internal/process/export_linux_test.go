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

// Narrowed reports whether the last start has kept its child on the processor of the thread, and whether s has a fork of its
// own that could.
func (s *Starter) Narrowed() (narrowed, has bool) {
	if s.own.program == nil {
		return false, false
	}
	return s.own.program.place.narrowed, true
}

// OtherStart is a start that is underway until release is called.
func OtherStart() (release func()) {
	other := beginStart()
	return func() { other.end(0) }
}

// RefusedClone makes a fork on this thread that the kernel refuses, and reports whether that was to keep its child on the
// processor.
func RefusedClone() (errno uintptr, narrowed bool) {
	defer beginStart().end(0)
	spec, p := &Spec{}, new(program)
	p.place.want(spec)
	p.build(spec, nil, 0)
	p.clone.nr = ^uintptr(0)
	_, errno = fork(p)
	return errno, p.place.narrowed
}
