package nodejson

import (
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	legacy "github.com/go-json-experiment/json/v1"
)

// libraryOptions are the options for the library, through which goes what is not one of the types
// of [Value], and has no plan. Nobody changes them. All of them mean the same by a Go type: which
// one is used depends on the value, and must not show.
type libraryOptions struct {
	// strict refuses whatever needs care, and so is fast.
	strict json.Options

	// hooked is for types that need a function of ours. It costs them a look-up for every field.
	hooked json.Options

	// lenient is for values with surrogates, NaN or infinities in them: every string and every
	// number goes through us.
	lenient json.Options
}

// The options are made when they are first needed. Were they made when the program starts, then the
// linker would keep the library, a megabyte and a half, in every program that imports package ipc,
// however little of it is used.
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
