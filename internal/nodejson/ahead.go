package nodejson

import "reflect"

// An Ahead reads messages before it is known what they are read into, as its guess has it: into a value of the type that the
// two messages before were read into. To read a message so is to check it, too, and takes no longer than to read it later:
// who has to know first that a message is JSON, and is then mostly asked to read it, need not go through it twice.
//
// The zero value is ready, and guesses nothing. Its methods must not be called on several goroutines at once.
type Ahead struct {
	typ   reflect.Type  // what the last message was read into
	again bool          // the one before was read into the same
	plan  *plan         // of typ; nil until it is needed, or if it has none
	value reflect.Value // a variable of that type; zero unless held is set
	held  bool          // value is what Read has read
}

var anyType = reflect.TypeFor[any]()

// Read reads p, if there is a guess, and reports whether it has: then p is JSON. If it reports false nothing is known. It
// calls no method of the type.
func (a *Ahead) Read(p []byte) bool {
	if a.held { // Nobody has asked for the last one.
		a.forget()
	}
	if !a.again || a.plan == nil {
		return false
	}
	a.held = readPlanned(p, a.value, a.plan)
	return a.held
}

// Decode is [Unmarshal] of p. It gives what was read ahead, if Read has read p last and v is a variable of that type which is
// zero: what is there already may count.
func (a *Ahead) Decode(p []byte, v any) error {
	to := reflect.ValueOf(v)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return Unmarshal(p, v)
	}
	to = to.Elem()
	if a.held && to.Type() == a.typ && to.IsZero() {
		to.Set(a.value)
		a.value.SetZero()
		a.held = false
		return nil
	}
	a.note(to.Type())
	return Unmarshal(p, v)
}

// Value is [Value] of p, as Decode is Unmarshal.
func (a *Ahead) Value(p []byte) (any, error) {
	if a.held && a.typ == anyType {
		v := a.value.Interface()
		a.value.SetZero()
		a.held = false
		return v, nil
	}
	a.note(anyType)
	return Value(p)
}

// note remembers what a message is read into, which is not what was guessed.
func (a *Ahead) note(t reflect.Type) {
	if a.typ != t {
		a.forget()
		a.typ = t
		return
	}
	if !a.again {
		a.again = true
		if a.plan = planOf(t); a.plan != nil {
			a.value = reflect.New(t).Elem()
		}
	}
}

func (a *Ahead) forget() { *a = Ahead{} }
