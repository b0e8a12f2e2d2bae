// Package readahead reads messages before their destination is known.
package readahead

import "reflect"

// A Guess guesses that the next message will be read into a variable of the same type as the two
// before. Reading a message so also checks it, and takes no longer than reading it later. So a
// program that must know first that a message is well formed, and then mostly reads it, does not
// have to go through it twice.
//
// Its methods must not be called on several goroutines at once.
type Guess struct {
	read func(p []byte, v any) bool

	typ    reflect.Type  // type that the last message was read into; nil: none yet
	again  bool          // the message before it was read into the same type: there is a guess
	value  reflect.Value // a variable of type typ, zero unless filled is set; valid while again is set
	into   any           // a pointer to value; valid while again is set
	filled bool          // value is the message that Read has read
}

// New returns a Guess that guesses nothing yet. read reads p into the variable that v points to,
// which is zero, and reports whether p is well formed and the variable is what a later read would
// have made of it. It calls no method of v. If it reports false, it leaves the variable zero.
func New(read func(p []byte, v any) bool) *Guess { return &Guess{read: read} }

var anyType = reflect.TypeFor[any]()

// Read reads p, if there is a guess, and reports whether it did: then p is well formed. If it
// reports false, p may be well formed or not.
func (g *Guess) Read(p []byte) bool {
	if g.filled { // The last message was not asked for.
		g.forget()
	}
	g.filled = g.again && g.read(p, g.into)
	return g.filled
}

// Take moves the message that Read has read to v and reports true. Otherwise it reports false and
// remembers v's type: if Read has read no message, if v does not point to a variable of the guessed
// type, or if that variable is not zero, because its value may affect the reading.
func (g *Guess) Take(v any) bool {
	to := reflect.ValueOf(v)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return false
	}
	to = to.Elem()
	if !g.filled || to.Type() != g.typ || !isZero(to) {
		g.note(to.Type())
		return false
	}
	to.Set(g.value)
	g.Discard()
	return true
}

// TakeAny is Take for a new variable of type any.
func (g *Guess) TakeAny() (v any, ok bool) {
	if !g.filled || g.typ != anyType {
		g.note(anyType)
		return nil, false
	}
	to := g.into.(*any)
	v, *to = *to, nil
	g.filled = false
	return v, true
}

// note remembers the type that a message is read into without having been read ahead.
func (g *Guess) note(t reflect.Type) {
	if g.typ != t {
		g.forget()
		g.typ = t
		return
	}
	if !g.again {
		g.again = true
		made := reflect.New(t)
		g.value, g.into = made.Elem(), made.Interface()
	}
}

// Discard drops the message that Read has read, for a message that is not read into a variable. The
// guess stays.
func (g *Guess) Discard() {
	if g.filled {
		g.value.SetZero()
		g.filled = false
	}
}

func (g *Guess) forget() { *g = Guess{read: g.read} }
