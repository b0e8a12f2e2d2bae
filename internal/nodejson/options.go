package nodejson

import (
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	legacy "github.com/go-json-experiment/json/v1"
)

// libraryOptions are the options for the library, which handles the types that [Value] does not
// return and that have no plan. Nothing changes them once they are made. All three mean the same by
// a Go type, because the choice depends on the value and must not show.
type libraryOptions struct {
	// strict refuses every value that needs care, and so is fast.
	strict json.Options

	// hooked is for types that need a function of this package. It costs a look-up for every field.
	hooked json.Options

	// lenient is for values with surrogates, NaN or infinities: every string and every number goes
	// through this package.
	lenient json.Options
}

// The options are made when they are first needed. If they were made at program start, the linker
// would keep the library, 1.5 MB, in every program that imports package ipc, however little it
// uses.
var (
	libraryOnce sync.Once
	libraryMade libraryOptions
)

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
