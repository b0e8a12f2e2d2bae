package process

// A Claim is a claim that a test makes.
type Claim = claim

// NewClaim does what a start in the cgroup does first, and Release what the end of the child does.
func NewClaim(dir string) *Claim { return newClaim(dir) }

func (c *claim) Release()      { c.release() }
func (c *claim) Memory() int64 { return c.memory() }
func (c *claim) Owns() bool    { return c.owns() }

// Tenancies returns the number of cgroups with a record.
func Tenancies() int {
	cgroups.mu.Lock()
	defer cgroups.mu.Unlock()
	return len(cgroups.last)
}

// OpenCgroup is what a start in a cgroup opens.
func OpenCgroup(dir string) (int, error) { return openCgroup(dir) }
