package main

// family is a subject of Node's tests: a row of the table.
type family struct {
	name     string
	patterns []string
}

var families = []family{
	named("child_process", "child-process"),
	named("event-emitter"),
	named("events"),
	named("path"),
	named("timers"),
	{"string_decoder", []string{"parallel/test-string-decoder*"}},
	{"stream", []string{"parallel/test-stream*", "sequential/test-stream*"}},
	named("net"),
	named("dgram"),
	named("cluster"),
	named("assert"),
	named("util"),
	named("buffer"),
	named("fs"),
	named("http"),
	named("process"),
	named("url", "url", "whatwg-url"),
	named("querystring"),
	named("readline"),
	named("os"),
	named("console"),
	named("module, require", "module", "require"),
	{"es-module", []string{"es-module/test-*"}},
}

// named returns the family of tests that begin with one of the prefixes, or with the name if there
// are none.
func named(name string, prefixes ...string) family {
	f := family{name: name}
	if prefixes == nil {
		prefixes = []string{name}
	}
	for _, prefix := range prefixes {
		for _, folder := range []string{"parallel", "sequential"} {
			f.patterns = append(f.patterns, folder+"/test-"+prefix+".*", folder+"/test-"+prefix+"-*")
		}
	}
	return f
}
