package host

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodetext"
)

// fileArgs are the arguments of an operation on files, copied out of the engine: strings (a path is
// bytes in one), int64, []byte, bool, or nil.
type fileArgs []any

func (a fileArgs) text(i int) string  { s, _ := a[i].(string); return s }
func (a fileArgs) int(i int) int64    { n, _ := a[i].(int64); return n }
func (a fileArgs) fd(i int) int       { return int(a.int(i)) }
func (a fileArgs) mode(i int) uint32  { return uint32(a.int(i)) }
func (a fileArgs) bytes(i int) []byte { b, _ := a[i].([]byte); return b }
func (a fileArgs) true(i int) bool    { b, _ := a[i].(bool); return b }

// path returns a path, which the script may have passed as bytes.
func (a fileArgs) path(i int) string {
	if b, ok := a[i].([]byte); ok {
		return string(b)
	}
	return a.text(i)
}

// fileOperation is an operation on files. It uses nothing of the engine, so it can run on any
// goroutine. n is the number of its arguments.
type fileOperation struct {
	n  int
	do func(a fileArgs) (any, error)
}

// bindFiles gives the library the operations on files. If a function follows the arguments, the
// operation runs on a goroutine, and the function is called with (null, result) or (error).
func bindFiles(b *builder) {
	for name, op := range fileOperations() {
		b.fn(name, func(c *engine.Call) (engine.Value, error) {
			if name == "close" {
				b.h.disownFD(int(c.Arg(0).Int()))
			}
			return b.h.runFileOperation(c, op)
		})
	}
	b.fn("read", b.h.readInto)
	b.fn("watch", b.h.watchFiles)
	constants := b.s.Object()
	for _, all := range []map[string]int{fileConstants(), systemFileConstants} {
		for name, n := range all {
			if err := constants.Set(name, b.s.Int(int64(n))); err != nil {
				b.err = err
			}
		}
	}
	b.value("constants", constants)
}

// runFileOperation runs an operation now, or, if a callback follows the arguments, on a goroutine.
// The host owns a descriptor that the operation returns; if the script has ended meanwhile, it is
// closed.
func (h *Host) runFileOperation(c *engine.Call, op fileOperation) (engine.Value, error) {
	callback := c.Arg(op.n)
	async := callback.IsFunction()
	args := make(fileArgs, op.n)
	for i := range args {
		args[i] = fileArg(c.Arg(i), async)
	}
	if !async {
		result, err := op.do(args)
		if err != nil {
			return c.Undefined(), err
		}
		h.ownFD(result)
		return fileResult(c.Scope, result), nil
	}
	k := h.keepCallback(c.Scope, callback)
	var result any
	var err error
	h.runOffLoop(func() { result, err = op.do(args) }, func() {
		h.ownFD(result)
		h.tellResult(&k, err, func(s *engine.Scope) engine.Value { return fileResult(s, result) })
	}, func() {
		if fd, ok := result.(newFD); ok && err == nil {
			// Best effort: the script has ended and does not get the descriptor.
			_ = unix.Close(int(fd))
		}
	})
	return c.Undefined(), nil
}

// ownFD notes a descriptor that an operation has opened: the host owns it until disownFD, and Close
// closes it.
func (h *Host) ownFD(result any) {
	if fd, ok := result.(newFD); ok {
		h.ownedFDs[int(fd)] = struct{}{}
	}
}

// disownFD forgets a descriptor. It must be called before the descriptor is closed or another
// object takes ownership of it, because its number may then be reused.
func (h *Host) disownFD(fd int) { delete(h.ownedFDs, fd) }

// tellResult calls a kept callback once, with (null, result) or (error), and releases it.
func (h *Host) tellResult(k *engine.Kept, err error, result func(*engine.Scope) engine.Value) {
	_ = h.Do(func(s *engine.Scope) error {
		callback := s.Kept(*k)
		h.engine.Release(k)
		if err != nil {
			_, err := callback.Call(s.Undefined(), h.errorValue(s, err))
			return err
		}
		_, err := callback.Call(s.Undefined(), s.Null(), result(s))
		return err
	})
}

// outsideText returns a string as UTF-8 for the system and other programs: lone halves of surrogate
// pairs, which the engine's strings may have, become U+FFFD.
func outsideText(v engine.Value) string { return nodetext.WellFormed(v.Text()) }

// fileArg copies a value out of the engine. Bytes are copied only if keep is true; else they are
// the engine's memory.
func fileArg(v engine.Value, keep bool) any {
	switch v.Kind() {
	case engine.String:
		return outsideText(v)
	case engine.Number:
		return v.Int()
	case engine.BigInt:
		return v.BigInt()
	case engine.Boolean:
		return v.Bool()
	case engine.Object:
		if b, ok := v.Bytes(); ok {
			if keep {
				b = append([]byte(nil), b...)
			}
			if b == nil {
				b = []byte{}
			}
			return b
		}
	}
	return nil
}

// Results of operations, besides numbers, strings and bytes.
type (
	newFD int // a descriptor for the script, which the host owns

	integers struct {
		of  []int64
		big bool
	}

	listing struct {
		names   []string
		kinds   []int // unix.DT_…
		asBytes bool
	}
)

// fileResult makes the script's value of an operation's result.
func fileResult(s *engine.Scope, result any) engine.Value {
	switch r := result.(type) {
	case bool:
		return s.Bool(r)
	case int:
		return s.Int(int64(r))
	case newFD:
		return s.Int(int64(r))
	case string:
		return s.String(r)
	case []byte:
		return s.Uint8Array(r)
	case *fileStatus:
		return r.value(s)
	case integers:
		all := make([]engine.Value, len(r.of))
		for i, n := range r.of {
			if all[i] = s.Undefined(); r.big {
				all[i] = s.BigInt(n)
			} else {
				all[i] = s.Int(n)
			}
		}
		return s.Array(all...)
	case listing:
		names, kinds := make([]engine.Value, len(r.names)), make([]engine.Value, len(r.names))
		for i, name := range r.names {
			if names[i] = s.Undefined(); r.asBytes {
				names[i] = s.Uint8Array([]byte(name))
			} else {
				names[i] = s.String(name)
			}
			kinds[i] = s.Int(int64(r.kinds[i]))
		}
		return s.Array(s.Array(names...), s.Array(kinds...))
	}
	return s.Undefined()
}

// readInto is read(fd, buffer, offset, length, position, callback): it returns the number of bytes
// read. position -1 is the file's own position.
func (h *Host) readInto(c *engine.Call) (engine.Value, error) {
	fd, offset, length, position := int(c.Arg(0).Int()), int(c.Arg(2).Int()), int(c.Arg(3).Int()), c.Arg(4).Int()
	into, ok := c.Arg(1).Bytes()
	if !ok || offset < 0 || length < 0 || offset > len(into) || length > len(into)-offset {
		return c.Undefined(), &codedError{"RangeError", "ERR_OUT_OF_RANGE", "the bytes to be read do not fit"}
	}
	if callback := c.Arg(5); callback.IsFunction() {
		k, target := h.keepCallback(c.Scope, callback), c.Arg(1).Keep()
		buffer := make([]byte, length)
		var n int
		var err error
		h.runOffLoop(func() { n, err = readAt(fd, buffer, position) }, func() {
			h.tellResult(&k, err, func(s *engine.Scope) engine.Value {
				if into, _ := s.Kept(target).Bytes(); len(into) >= offset {
					// The script may have detached the buffer; then nothing is copied.
					copy(into[offset:], buffer[:n])
				}
				return s.Int(int64(n))
			})
			h.engine.Release(&target)
		}, nil)
		return c.Undefined(), nil
	}
	n, err := readAt(fd, into[offset:offset+length], position)
	return c.Int(int64(n)), err
}

// writeAll writes all of b. It blocks while a non-blocking descriptor takes nothing.
func writeAll(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := unix.Write(fd, b)
		switch err {
		case nil:
			b = b[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1); err != nil && err != unix.EINTR {
				return os.NewSyscallError("poll", err)
			}
		default:
			return os.NewSyscallError("write", err)
		}
	}
	return nil
}
