package process

import "syscall"

// forkExecHas reports whether syscall.ForkExec can honour o.
func forkExecHas(o Option) bool { return o == OptionChroot || o == OptionPdeathsig }

func (s *Settings) attributes(attr *syscall.SysProcAttr) (release func(), failure *Failure) {
	if s != nil {
		attr.Pdeathsig = s.Pdeathsig
	}
	return func() {}, nil
}
