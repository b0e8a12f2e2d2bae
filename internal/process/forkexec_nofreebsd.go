//go:build darwin || dragonfly || netbsd || openbsd

package process

import "syscall"

// forkExecHas reports whether syscall.ForkExec can honour o.
func forkExecHas(o Option) bool { return o == OptionChroot }

func (*Settings) attributes(*syscall.SysProcAttr) (release func(), failure *Failure) {
	return func() {}, nil
}
