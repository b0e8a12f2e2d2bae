// Package readahead reads messages before it is known what they are read into.
package readahead

import "reflect"

// A Guess is that the next message is read into a variable of the type that the two before were
// read into. To read it so is to check it, too, and takes no longer than to read it later: who has
// to know first that a message is well formed, and is then mostly asked to read it, need not go
// through it twice.
//
// Its methods must not be called on several goroutines at once.
type Guess struct {
	decode func(p []byte, v any) bool

	typ      reflect.Type  // what the last message was read into
	repeated bool          // the one before was read into the same
	value    reflect.Value // a variable of that type once again is set; it is zero unless held is set
	pointer  any           // a pointer to it
	filled   bool          // it is what Read has read
}

// New returns a Guess that guesses nothing yet. read reads p into what v points to, a variable that
// is zero, and reports whether p is well formed and v can have it as if it had been read later: it
// calls no method of v. If it reports false, the variable is zero.
func New(decode func(p []byte, v any) bool) *Guess { return &Guess{decode: decode} }

var anyType = reflect.TypeFor[any]()

// Read reads p, if there is a guess, and reports whether it has: then p is well formed. If it
// reports false nothing is known.
func (g *Guess) Read(p []byte) bool {
	if g.filled { // Nobody has asked for the last one.
		g.reset()
	}
	g.filled = g.repeated && g.decode(p, g.pointer)
	return g.filled
}

// Take moves what Read has read last to v and reports true. If it has read nothing, or v does not
// point to a variable of the type that was guessed, or that is not zero, so that what is there may
// count, it reports false, and remembers v's type.
func (g *Guess) Take(v any) bool {
	to := reflect.ValueOf(v)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return false
	}
	to = to.Elem()
	if !g.filled || to.Type() != g.typ || !isZero(to) {
		g.noteType(to.Type())
		return false
	}
	to.Set(g.value)
	g.Discard()
	return true
}

// TakeAny is Take for a new variable of type any.
func (g *Guess) TakeAny() (v any, ok bool) {
	if !g.filled || g.typ != anyType {
		g.noteType(anyType)
		return nil, false
	}
	to := g.pointer.(*any)
	v, *to = *to, nil
	g.filled = false
	return v, true
}

// noteType remembers what a message is read into that was not read ahead.
func (g *Guess) noteType(t reflect.Type) {
	if g.typ != t {
		g.reset()
		g.typ = t
		return
	}
	if !g.repeated {
		g.repeated = true
		made := reflect.New(t)
		g.value, g.pointer = made.Elem(), made.Interface()
	}
}

// Discard gives up what Read has read last, which was not what is guessed about. The guess stays.
func (g *Guess) Discard() {
	if g.filled {
		g.value.SetZero()
		g.filled = false
	}
}

func (g *Guess) reset() { *g = Guess{decode: g.decode} }
