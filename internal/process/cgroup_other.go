//go:build unix && !linux

package process

// A claim is empty where there are no cgroups. It is always nil.
type claim struct{}

func newClaim(string) *claim { return nil }

func (*claim) release() {}

func (*claim) memory() int64 { return 0 }
