package v8

import (
	"io"
	"slices"
	"strings"
)

// This file reads the objects without other objects in them, and errors, whose cause may be any
// value. The tag of each was read.

// leaf reads the rest of an object without other objects in it.
func (r *valueReader) leaf(tag byte) (any, error) {
	switch tag {
	case tagDate:
		return r.date()
	case tagRegExp:
		return r.regExp()
	case tagBoxedTrue:
		return &Boxed{true}, nil
	case tagBoxedFalse:
		return &Boxed{false}, nil
	case tagBoxedNumber:
		n, err := r.double()
		return &Boxed{n}, err
	case tagBoxedBigInt:
		n, err := r.bigInt()
		return &Boxed{n}, err
	case tagBoxedString:
		s, err := r.anyText()
		return &Boxed{s}, err
	}
	r.pos--
	return nil, r.fail("unknown tag 0x%02x", tag)
}

func (r *valueReader) regExp() (any, error) {
	source, err := r.anyText()
	if err != nil {
		return nil, err
	}
	bits, err := r.varint()
	if err != nil {
		return nil, err
	}
	var flags []byte
	for i := range len(regExpFlags) {
		if bits&(1<<i) != 0 {
			flags = append(flags, regExpFlags[i])
		}
	}
	if bits>>len(regExpFlags) != 0 || slices.Contains(flags, regExpLinear) {
		return nil, r.fail("flags 0x%x of a RegExp", bits)
	}
	slices.SortFunc(flags, func(a, b byte) int {
		return strings.IndexByte(regExpOrder, a) - strings.IndexByte(regExpOrder, b)
	})
	return &RegExp{Source: source, Flags: string(flags)}, nil
}

func (r *valueReader) jsError() (any, error) {
	e := &Error{Name: "Error"}
	r.newID(e)
	for {
		if r.left() == 0 {
			return nil, r.failed(io.ErrUnexpectedEOF)
		}
		part := r.p[r.pos]
		r.pos++
		var err error
		switch part {
		case errorMessage:
			e.Message, err = r.anyText()
		case errorStack:
			e.Stack, err = r.anyText()
		case errorCause:
			e.Cause, err = r.value()
		case errorEnd:
			return e, nil
		default:
			err = r.errorName(e, part)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (r *valueReader) errorName(e *Error, part byte) error {
	for _, n := range errorNames {
		if n.tag == part {
			e.Name = n.name
			return nil
		}
	}
	return r.fail("unknown part 0x%02x of an error", part)
}
