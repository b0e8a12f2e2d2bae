// Package readahead decodes messages before the caller has said into which type.
package readahead

import "reflect"

// A Guess assumes that the next message will be decoded into the same type as the two before.
// Decoding also checks the message and takes no longer than decoding it later. So a channel that
// must know first whether a message is well formed, and is then mostly asked to decode it, reads it
// only once.
//
// A Guess's methods must not be called on several goroutines at once. The zero value is not ready
// for use, see [New].
type Guess struct {
	decode func(p []byte, v any) bool // never changes

	typ      reflect.Type  // the type of the last message that Read did not guess; nil before it
	repeated bool          // two messages in a row had the type typ: there is a guess
	value    reflect.Value // a variable of type typ, valid while repeated; zero unless filled
	pointer  any           // a pointer to value, valid likewise
	filled   bool          // value is the message that Read has read, until it is taken
}

// New returns a Guess that assumes nothing yet. decode decodes p into the variable that v points
// to, which is zero. It reports whether p is well formed and the result is the same as of decoding
// later; it must call no method of the variable. If it reports false, the variable must be zero
// again.
func New(decode func(p []byte, v any) bool) *Guess { return &Guess{decode: decode} }

var anyType = reflect.TypeFor[any]()

// Read decodes p if there is a guess, and reports whether that succeeded: p is then well formed. If
// it reports false, nothing is known about p. Read does not retain p.
func (g *Guess) Read(p []byte) bool {
	if g.filled { // The last message was not taken: the guess was wrong.
		g.reset()
	}
	g.filled = g.repeated && g.decode(p, g.pointer)
	return g.filled
}

// Take moves the message that Read has decoded to the variable that v points to, and reports true.
// It reports false if there is none, or if v is no pointer to a zero variable of the guessed type:
// the message may have to be merged with a variable that is not zero. It then notes the type for
// the next guess.
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

// TakeAny is Take for a new variable of type any. The caller may keep v.
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

// noteType notes the type of a message that was not guessed.
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

// Discard drops the message that Read has decoded, because the guess is not about messages of its
// kind. The guess stays.
func (g *Guess) Discard() {
	if g.filled {
		g.value.SetZero()
		g.filled = false
	}
}

// reset drops the guess.
func (g *Guess) reset() { *g = Guess{decode: g.decode} }
