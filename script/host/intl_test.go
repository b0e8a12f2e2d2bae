package host_test

import "testing"

func TestSegmenterSplitsText(t *testing.T) {
	requireExamples(t, `const parts = (text, granularity) => [...new Intl.Segmenter('en', { granularity }).segment(text)].map((s) => s.segment);`, []example{
		{`parts('He\u0301\u{1f468}\u200d\u{1f469}\u200d\u{1f467}!')`, `["H","é","👨‍👩‍👧","!"]`},
		{`parts('two words.', 'word')`, `["two"," ","words","."]`},
		{`parts('One. Two!', 'sentence')`, `["One. ","Two!"]`},
		{`parts('a\ud800b').length`, "3"},
		{`new Intl.Segmenter('en', { granularity: 'word' }).segment('a bc').containing(3)`,
			`{"segment":"bc","index":2,"input":"a bc","isWordLike":true}`},
		{`new Intl.Segmenter('en', { granularity: 'line' })`,
			"RangeError undefined: Value line out of range for Intl.Segmenter options property granularity"},
		{`new Intl.ListFormat('en', { type: 'disjunction' }).format(['a', 'b', 'c'])`, `"a, b, or c"`},
		{`new Intl.ListFormat().format(['a', 'b'])`, `"a and b"`},
		{`typeof Intl.DateTimeFormat().resolvedOptions().timeZone`, `"string"`},
		{`new Intl.NumberFormat()`,
			"TypeError ERR_FEATURE_UNAVAILABLE_ON_PLATFORM: The feature Intl.NumberFormat is unavailable on the current platform, which is being used to run Node.js"},
	})
}

func TestModulesWithoutSubstanceLoadAndRefuse(t *testing.T) {
	refusal := func(name string) string {
		return "TypeError ERR_FEATURE_UNAVAILABLE_ON_PLATFORM: The feature " + name +
			" is unavailable on the current platform, which is being used to run Node.js"
	}
	requireExamples(t, "", []example{
		{`require('https').get('https://localhost')`, refusal("https.get")},
		{`new (require('https').Agent)({ keepAlive: true }).protocol`, `"https:"`},
		{`require('tls').connect(1)`, refusal("tls.connect")},
		{`require('http2').connect('http://localhost')`, refusal("http2.connect")},
		{`require('http2').constants.HTTP2_HEADER_CONTENT_TYPE`, `"content-type"`},
		{`new (require('inspector').Session)()`, refusal("inspector.Session")},
		{`require('repl').start()`, refusal("repl.start")},
		{`({}) instanceof require('tls').TLSSocket`, "false"},
	})
}
