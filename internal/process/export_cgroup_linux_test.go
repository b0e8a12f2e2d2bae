package process

// A Claim is a claim that a test makes.
type Claim = claim

// NewClaim is what a start in the cgroup does before, and End what is done when the child was
// waited for.
func NewClaim(dir string) *Claim { return newClaim(dir) }

func (c *claim) End()          { c.release() }
func (c *claim) Memory() int64 { return c.memory() }
func (c *claim) Owns() bool    { return c.owns() }

// Tenancies returns of how many cgroups something is remembered.
func Tenancies() int {
	cgroups.mu.Lock()
	defer cgroups.mu.Unlock()
	return len(cgroups.last)
}
