//go:build amd64 || arm64

package process

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A filterMaker writes filters that the kernel accepts.
type filterMaker struct {
	*rand.Rand
	filter []SockFilter
}

func (m *filterMaker) add(code uint16, k uint32) {
	m.filter = append(m.filter, SockFilter{Code: code, K: k})
}

// number returns a number at which something could go wrong, or any other.
func (m *filterMaker) number() uint32 {
	edges := []uint32{0, 1, 31, 32, 0x7fffffff, 0x80000000, 0xffffffff}
	if n := m.IntN(2 * len(edges)); n < len(edges) {
		return edges[n]
	}
	return m.Uint32()
}

// step adds instructions of one kind.
func (m *filterMaker) step() {
	operations := []uint16{unix.BPF_ADD, unix.BPF_SUB, unix.BPF_MUL, unix.BPF_AND, unix.BPF_OR, unix.BPF_XOR}
	operation := operations[m.IntN(len(operations))]
	compare := []uint16{unix.BPF_JEQ, unix.BPF_JGT, unix.BPF_JGE, unix.BPF_JSET}[m.IntN(4)]
	cell := uint32(m.IntN(unix.BPF_MEMWORDS))
	switch m.IntN(13) {
	case 0:
		m.add(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, []uint32{0, 4, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60}[m.IntN(14)])
	case 1:
		m.add(unix.BPF_LD|unix.BPF_IMM, m.number())
	case 2:
		m.add(unix.BPF_LDX|unix.BPF_IMM, m.number())
	case 3:
		m.add(unix.BPF_ALU|operation|unix.BPF_K, m.number())
	case 4:
		m.add(unix.BPF_ALU|operation|unix.BPF_X, 0)
	case 5:
		m.add(unix.BPF_ALU|[]uint16{unix.BPF_LSH, unix.BPF_RSH}[m.IntN(2)], uint32(m.IntN(32)))
	case 6:
		m.add(unix.BPF_ALU|unix.BPF_NEG, 0)
	case 7:
		m.add(unix.BPF_ALU|unix.BPF_DIV|unix.BPF_K, m.number()|1)
	case 8:
		m.add(unix.BPF_LDX|unix.BPF_IMM, m.number()|1)
		m.add(unix.BPF_ALU|unix.BPF_DIV|unix.BPF_X, 0)
	case 9:
		m.add(unix.BPF_MISC|[]uint16{unix.BPF_TAX, unix.BPF_TXA}[m.IntN(2)], 0)
	case 10:
		m.add([]uint16{unix.BPF_LD, unix.BPF_LDX}[m.IntN(2)]|unix.BPF_W|unix.BPF_LEN, 0)
	case 11:
		m.add([]uint16{unix.BPF_ST, unix.BPF_STX}[m.IntN(2)], cell)
		m.add([]uint16{unix.BPF_LD, unix.BPF_LDX}[m.IntN(2)]|unix.BPF_MEM, cell)
	case 12:
		// Both branches end within the instructions added here.
		m.add(unix.BPF_JMP|compare|[]uint16{unix.BPF_K, unix.BPF_X}[m.IntN(2)], m.number())
		m.filter[len(m.filter)-1].Jt, m.filter[len(m.filter)-1].Jf = uint8(m.IntN(3)), uint8(m.IntN(3))
		m.add(unix.BPF_ALU|operation|unix.BPF_K, m.number())
		m.add(unix.BPF_JMP|unix.BPF_JA, uint32(m.IntN(2)))
		m.add(unix.BPF_ALU|unix.BPF_XOR|unix.BPF_K, m.number())
	}
}

// make returns a filter that allows everything but getppid(2), of which it computes a bit.
func (m *filterMaker) make(steps int) []SockFilter {
	m.filter = []SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, K: unix.SYS_GETPPID},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	for range steps {
		m.step()
	}
	m.add(unix.BPF_JMP|unix.BPF_JSET|unix.BPF_K, 1<<m.IntN(32))
	m.filter[len(m.filter)-1].Jf = 1
	m.add(unix.BPF_RET|unix.BPF_K, unix.SECCOMP_RET_ALLOW)
	m.add(unix.BPF_LD|unix.BPF_IMM, unix.SECCOMP_RET_ERRNO|uint32(unix.EDQUOT))
	m.add(unix.BPF_RET|unix.BPF_A, 0)
	return slices.Clone(m.filter)
}

// kernelAnswer lets the kernel answer getppid(2), on a thread that ends afterwards.
func kernelAnswer(filter []SockFilter, arguments [6]uint64) (installed, called unix.Errno) {
	done := make(chan struct{})
	go func() { // It ends at once, and its thread with it.
		defer close(done)
		runtime.LockOSThread()
		program := unix.SockFprog{Len: uint16(len(filter)), Filter: (*unix.SockFilter)(unsafe.Pointer(&filter[0]))}
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			installed = err.(unix.Errno)
			return
		}
		if _, _, installed = unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program))); installed != 0 {
			return
		}
		a := arguments
		_, _, called = unix.RawSyscall6(unix.SYS_GETPPID, uintptr(a[0]), uintptr(a[1]), uintptr(a[2]), uintptr(a[3]), uintptr(a[4]), uintptr(a[5]))
	}()
	<-done
	return installed, called
}

// The computed answer must be the kernel's.
func TestAFilterAnswersAsInTheKernel(t *testing.T) {
	trivial := []SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}}
	if errno, _ := kernelAnswer(trivial, [6]uint64{}); errno != 0 {
		t.Skip("no filters here: ", errno)
	}
	filters := 500
	if testing.Short() {
		filters = 100
	}
	seen := map[answer]int{}
	for seed := range filters {
		m := filterMaker{Rand: rand.New(rand.NewPCG(uint64(seed), 1))}
		filter := m.make(1 + seed%40)
		var arguments [6]uint64
		for i := range arguments {
			arguments[i] = uint64(m.number())<<32 | uint64(m.number())
		}
		installed, called := kernelAnswer(filter, arguments)
		require.Zero(t, installed, "seed %d: %v", seed, filter)
		want := allowed
		if called != 0 {
			require.Equal(t, unix.EDQUOT, called)
			want = denied
		}
		call := futureCall{nr: unix.SYS_GETPPID, arguments: &arguments}
		require.Equal(t, want, call.evaluate(filter), "seed %d: %v", seed, filter)
		seen[want]++
	}
	require.Greater(t, seen[allowed], filters/5)
	require.Greater(t, seen[denied], filters/5)
}

// No input makes the interpreter read outside of the filter.
func FuzzFilterMistake(f *testing.F) {
	m := filterMaker{Rand: rand.New(rand.NewPCG(1, 2))}
	for _, filter := range [][]SockFilter{m.make(3), m.make(30)} {
		f.Add(unsafe.Slice((*byte)(unsafe.Pointer(&filter[0])), 8*len(filter)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		filter := make([]SockFilter, min(len(data)/8, 4096))
		for i := range filter {
			b := data[8*i:]
			filter[i] = SockFilter{
				Code: uint16(b[0]) | uint16(b[1])<<8, Jt: b[2], Jf: b[3],
				K: uint32(b[4]) | uint32(b[5])<<8 | uint32(b[6])<<16 | uint32(b[7])<<24,
			}
		}
		reason := FilterMistake(filter)
		if _, ok := exitCall(filter); reason == "" {
			require.True(t, ok)
		}
	})
}
