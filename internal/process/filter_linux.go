//go:build amd64 || arm64

package process

import "golang.org/x/sys/unix"

// An answer is a filter's answer to a system call.
type answer uint8

const (
	denied  answer = iota
	allowed        // the call is made
	unknown        // it depends on a part of the call that is not known
	invalid        // the kernel does not accept such a filter
)

// answerOf translates the result of a filter. Results that need a tracer or a listener count as
// denied, because there is none.
func answerOf(result uint32) answer {
	switch result & unix.SECCOMP_RET_ACTION_FULL {
	case unix.SECCOMP_RET_ALLOW, unix.SECCOMP_RET_LOG:
		return allowed
	}
	return denied
}

// A machine executes filters: the "classic" BPF of the kernel's
// Documentation/networking/filter.rst, with the instructions that seccomp(2) accepts.
type machine struct {
	a, x   uint32
	memory [unix.BPF_MEMWORDS]uint32
}

// The fields of an instruction's code for which package unix has no names.
const (
	bpfClass     = 0x07
	bpfOperation = 0xf0 // for BPF_ALU, BPF_JMP, BPF_MISC; for BPF_RET the returned value
)

// evaluate returns a filter's answer to the call. It ends, because all jumps go forward.
func (c *futureCall) evaluate(filter []SockFilter) answer {
	var m machine
	for at := 0; at < len(filter); at++ {
		in, ok := filter[at], true
		switch in.Code & bpfClass {
		case unix.BPF_LD, unix.BPF_LDX:
			if known := m.load(in, c, &ok); !known {
				return unknown
			}
		case unix.BPF_ST, unix.BPF_STX:
			ok = m.store(in)
		case unix.BPF_ALU:
			var zero bool
			if zero, ok = m.compute(in); zero {
				return answerOf(0)
			}
		case unix.BPF_JMP:
			var skip uint32
			skip, ok = m.jump(in)
			ok = ok && skip < uint32(len(filter))
			at += int(skip)
		case unix.BPF_MISC:
			switch in.Code {
			case unix.BPF_MISC | unix.BPF_TAX:
				m.x = m.a
			case unix.BPF_MISC | unix.BPF_TXA:
				m.a = m.x
			default:
				ok = false
			}
		case unix.BPF_RET:
			switch in.Code {
			case unix.BPF_RET | unix.BPF_K:
				return answerOf(in.K)
			case unix.BPF_RET | unix.BPF_A:
				return answerOf(m.a)
			}
			ok = false
		}
		if !ok {
			return invalid
		}
	}
	return invalid
}

// load executes BPF_LD and BPF_LDX, and reports whether the loaded value is known. It sets ok to
// false if the instruction is invalid.
func (m *machine) load(in SockFilter, c *futureCall, ok *bool) (known bool) {
	var value uint32
	known = true
	switch mode := in.Code &^ bpfClass; {
	case mode == unix.BPF_ABS && in.Code&bpfClass == unix.BPF_LD && in.K < dataSize && in.K%4 == 0:
		value, known = c.word(in.K)
	case mode == unix.BPF_LEN:
		value = dataSize
	case mode == unix.BPF_IMM:
		value = in.K
	case mode == unix.BPF_MEM && in.K < unix.BPF_MEMWORDS:
		value = m.memory[in.K]
	default:
		*ok = false
	}
	if in.Code&bpfClass == unix.BPF_LD {
		m.a = value
	} else {
		m.x = value
	}
	return known
}

// store executes BPF_ST and BPF_STX.
func (m *machine) store(in SockFilter) (ok bool) {
	if in.Code&^bpfClass != 0 || in.K >= unix.BPF_MEMWORDS {
		return false
	}
	m.memory[in.K] = m.a
	if in.Code == unix.BPF_STX {
		m.memory[in.K] = m.x
	}
	return true
}

// operand returns the second operand of a computation or a comparison.
func (m *machine) operand(in SockFilter) uint32 {
	if in.Code&unix.BPF_X != 0 {
		return m.x
	}
	return in.K
}

// compute executes BPF_ALU. byZero reports a division by a zero in X, which ends the filter with a
// result of 0.
func (m *machine) compute(in SockFilter) (byZero, ok bool) {
	by := m.operand(in)
	constant := in.Code&unix.BPF_X == 0
	switch in.Code & bpfOperation {
	case unix.BPF_ADD:
		m.a += by
	case unix.BPF_SUB:
		m.a -= by
	case unix.BPF_MUL:
		m.a *= by
	case unix.BPF_DIV:
		if by == 0 {
			return !constant, false
		}
		m.a /= by
	case unix.BPF_AND:
		m.a &= by
	case unix.BPF_OR:
		m.a |= by
	case unix.BPF_XOR:
		m.a ^= by
	case unix.BPF_LSH, unix.BPF_RSH:
		if constant && by > 31 {
			return false, false
		}
		if in.Code&bpfOperation == unix.BPF_LSH {
			m.a <<= by & 31
		} else {
			m.a >>= by & 31
		}
	case unix.BPF_NEG:
		m.a = -m.a
		return false, constant
	default:
		return false, false
	}
	return false, true
}

// jump executes BPF_JMP and returns how many instructions to skip.
func (m *machine) jump(in SockFilter) (skip uint32, ok bool) {
	with, met := m.operand(in), false
	switch in.Code & bpfOperation {
	case unix.BPF_JA:
		return in.K, in.Code == unix.BPF_JMP|unix.BPF_JA
	case unix.BPF_JEQ:
		met = m.a == with
	case unix.BPF_JGT:
		met = m.a > with
	case unix.BPF_JGE:
		met = m.a >= with
	case unix.BPF_JSET:
		met = m.a&with != 0
	default:
		return 0, false
	}
	if met {
		return uint32(in.Jt), true
	}
	return uint32(in.Jf), true
}
