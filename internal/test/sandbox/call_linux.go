package sandbox

import "golang.org/x/sys/unix"

// A Call is a system call, or those of its calls whose arguments meet all conditions.
type Call struct {
	number     uint32
	conditions []condition
}

// condition is about the low half of an argument. It is met where the test of the filter's machine
// language succeeds with value, or fails if negated is set.
type condition struct {
	argument int
	test     uint16 // BPF_JEQ or BPF_JSET
	value    uint32
	negated  bool
}

// Number is the system call with that number, such as unix.SYS_SPLICE.
func Number(nr uint32) Call { return Call{number: nr} }

// With is c where an argument, of which the first is 0, has this value.
func (c Call) With(argument int, value uint32) Call {
	return c.when(condition{argument, unix.BPF_JEQ, value, false})
}

// WithBits is c where an argument has one of these bits.
func (c Call) WithBits(argument int, bits uint32) Call {
	return c.when(condition{argument, unix.BPF_JSET, bits, false})
}

// WithoutBits is c where an argument has none of these bits.
func (c Call) WithoutBits(argument int, bits uint32) Call {
	return c.when(condition{argument, unix.BPF_JSET, bits, true})
}

func (c Call) when(more condition) Call {
	return Call{c.number, append(c.conditions[:len(c.conditions):len(c.conditions)], more)}
}

// compile returns the filter that answers each of calls with action (SECCOMP_RET_…) and allows the
// others.
func compile(action uint32, calls []Call) []unix.SockFilter {
	const (
		load = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		ret  = unix.BPF_RET | unix.BPF_K

		// In struct seccomp_data.
		offsetNumber    = 0
		offsetArguments = 16
		// of which the low half comes first, on the machines that run these tests
		argumentSize = 8
	)
	var code []unix.SockFilter
	for _, c := range calls {
		// Where a condition is not met the rest of c is jumped over: two instructions for each
		// condition, and the return.
		rest := uint8(2*len(c.conditions) + 1)
		code = append(code,
			unix.SockFilter{Code: load, K: offsetNumber},
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: rest, K: c.number})
		for _, cond := range c.conditions {
			rest -= 2
			jump := unix.SockFilter{Code: unix.BPF_JMP | cond.test | unix.BPF_K, K: cond.value}
			if cond.negated {
				jump.Jt = rest
			} else {
				jump.Jf = rest
			}
			code = append(code, unix.SockFilter{Code: load, K: uint32(offsetArguments + argumentSize*cond.argument)}, jump)
		}
		code = append(code, unix.SockFilter{Code: ret, K: action})
	}
	return append(code, unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ALLOW})
}
