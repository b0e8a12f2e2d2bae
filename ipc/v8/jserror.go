package v8

// An Error is a JavaScript error. It is also a Go error, so it can be returned and wrapped.
type Error struct {
	// Name is "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"
	// or "Error". Any other name is written as "Error", because the format has no more.
	Name string

	Message string
	Stack   string // as V8 makes it, beginning with name and message; "": none
	Cause   any    // nil: none, also for a cause that is null
}

// Error returns the name and the message as JavaScript does: "TypeError: x is not a function".
func (e *Error) Error() string {
	name := e.Name
	if name == "" {
		name = "Error"
	}
	if e.Message == "" {
		return name
	}
	return name + ": " + e.Message
}

// Unwrap returns the cause if it is an error.
func (e *Error) Unwrap() error {
	err, _ := e.Cause.(error)
	return err
}
