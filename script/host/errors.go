package host

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/resolve"
)

// systemError is the error of a system call, with the properties that scripts see.
type systemError struct {
	errno   syscall.Errno
	syscall string
	paths   []string // the path and the destination, if the call has them; any may be empty
}

func (e *systemError) Error() string {
	var text strings.Builder
	text.WriteString(unix.ErrnoName(e.errno) + ": " + errnoText(e.errno) + ", " + e.syscall)
	for i, path := range e.paths {
		if i > 0 {
			text.WriteString(" ->")
		}
		text.WriteString(" '" + path + "'")
	}
	return text.String()
}

// codedError is an error with one of Node's codes.
type codedError struct {
	name, code, message string // name: TypeError, RangeError or Error
}

func (e *codedError) Error() string { return e.message }

// errorValue returns the error object that a script catches when a function of Go has returned err.
func (h *Host) errorValue(s *engine.Scope, err error) engine.Value {
	if coded, ok := errors.AsType[*codedError](err); ok {
		return h.newCoded(s, coded)
	}
	if e, ok := errors.AsType[*resolve.Error](err); ok && e.Code != "MODULE_NOT_FOUND" {
		class := "Error"
		if e.IsType() {
			class = "TypeError"
		}
		made := h.newCoded(s, &codedError{class, e.Code, e.Message})
		if e.Path != "" {
			_ = made.Define("url", s.String(fileURL(e.Path)))
		}
		return made
	} else if ok {
		made := h.newError(s, "Error", e.Message)
		_ = made.Set("code", s.String(e.Code)) // A new object takes any property.
		return made
	}
	made := h.newError(s, "Error", err.Error())
	set := func(name string, v engine.Value) { _ = made.Set(name, v) }
	e, ok := errors.AsType[*systemError](err)
	if !ok {
		e = asSystemError(err)
	}
	if e == nil {
		return made
	}
	if err := made.Hide("message", s.String(e.Error())); err != nil {
		return made
	}
	set("errno", s.Int(-int64(e.errno)))
	set("code", s.String(unix.ErrnoName(e.errno)))
	set("syscall", s.String(e.syscall))
	for i, path := range e.paths {
		set([]string{"path", "dest"}[i], s.String(path))
	}
	return made
}

// newCoded returns an error object with a code, made by the library.
func (h *Host) newCoded(s *engine.Scope, e *codedError) engine.Value {
	class, err := s.Global().Get(e.name)
	if err == nil {
		if made, err := h.hook(s, "coded").Call(s.Undefined(), class, s.String(e.code), s.String(e.message)); err == nil {
			return made
		}
	}
	return s.Error(e.message)
}

// newError returns a new error of a class of the language.
func (h *Host) newError(s *engine.Scope, class, message string) engine.Value {
	constructor, err := s.Global().Get(class)
	if err == nil {
		if made, err := constructor.New(s.String(message)); err == nil {
			return made
		}
	}
	return s.Error(message)
}

// asSystemError returns the failed system call in err, as package os describes it; nil if there is
// none.
func asSystemError(err error) *systemError {
	var errno syscall.Errno
	if !errors.As(err, &errno) || unix.ErrnoName(errno) == "" {
		return nil
	}
	e := &systemError{errno: errno}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		e.syscall, e.paths = p.Op, []string{p.Path}
	} else if l, ok := errors.AsType[*os.LinkError](err); ok {
		e.syscall, e.paths = l.Op, []string{l.Old, l.New}
	} else if c, ok := errors.AsType[*os.SyscallError](err); ok {
		e.syscall = c.Syscall
	}
	return e
}
