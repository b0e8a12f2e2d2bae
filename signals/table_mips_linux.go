//go:build mips || mipsle || mips64 || mips64le

package signals

import "golang.org/x/sys/unix"

// The kernel counts to 128 (arch/mips/include/uapi/asm/signal.h). The C libraries stop one below
// (glibc, sysdeps/unix/sysv/linux/mips/bits/signum-arch.h).
const (
	maxSignal Signal = 128
	rtMax     Signal = 127
)

var extra = []named{
	{unix.SIGEMT, "SIGEMT"},
}
