//go:build !mips && !mipsle && !mips64 && !mips64le

package disposition

// The layout of the kernel's struct sigaction.
const (
	sigsetSize  = 8 // bytes
	handlerWord = 0
)
