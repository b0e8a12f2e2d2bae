//go:build mips || mipsle || mips64 || mips64le

package disposition

// The layout of the kernel's struct sigaction.
const (
	sigsetSize  = 16 // bytes
	handlerWord = 1
)
