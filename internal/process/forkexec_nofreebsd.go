//go:build darwin || dragonfly || netbsd || openbsd

package process

import "syscall"

// forkExecHas reports whether syscall.ForkExec can do what o says.
func forkExecHas(o Option) bool { return o == OptionChroot }

func (*Settings) attributes(*syscall.SysProcAttr) (release func(), failure *Failure) {
	return func() {}, nil
}
