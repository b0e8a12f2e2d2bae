package nodejson

import (
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	legacy "github.com/go-json-experiment/json/v1"
)

// libraryOptions are the options for the library, which reads and writes values without a plan that
// are not of the types of [Value]. They are constant once made. All of them must mean the same for
// a Go type, because the value decides which one is used.
type libraryOptions struct {
	// strict refuses values that need care, and is fast because of that.
	strict json.Options

	// hooked is for types that need a function of ours, which costs a look-up for every field.
	hooked json.Options

	// lenient is for values with surrogates, NaN or infinities: each string and number goes through
	// our functions.
	lenient json.Options
}

// The options are made when they are first needed. If they were made at the start of the program,
// the linker would keep the library, a megabyte and a half, in every program that imports package
// ipc.
var (
	libraryOnce sync.Once
	libraryMade libraryOptions
)

// library returns the options. Safe to call from any goroutine.
func library() *libraryOptions {
	libraryOnce.Do(func() {
		o := &libraryMade
		o.strict = json.JoinOptions(legacy.DefaultOptionsV1(), jsontext.AllowInvalidUTF8(false),
			jsontext.EscapeForHTML(false), jsontext.EscapeForJS(false))
		o.hooked = json.JoinOptions(o.strict,
			json.WithMarshalers(json.MarshalToFunc(writeNumber)),
			json.WithUnmarshalers(json.JoinUnmarshalers(json.UnmarshalFromFunc(readNumber), json.UnmarshalFromFunc(readAny))))
		o.lenient = json.JoinOptions(o.strict, jsontext.AllowInvalidUTF8(true),
			json.WithMarshalers(json.JoinMarshalers(json.MarshalToFunc(writeNumber), json.MarshalToFunc(writeLenient))),
			json.WithUnmarshalers(json.JoinUnmarshalers(json.UnmarshalFromFunc(readNumber), json.UnmarshalFromFunc(readLenient))))
	})
	return &libraryMade
}
