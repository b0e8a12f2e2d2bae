package conformance

// Reasons that several behaviours share.
const (
	noOption = "there is no such option, as there is none in Node"
	windows  = "only on Windows, where the library does not run"
)

// left has the reason for each behaviour without a test. Whoever adds the test deletes the entry.
var left = map[string]string{
	"N002": "only in JavaScript: a Go signature has no optional arguments",
	"N004": "only in JavaScript: a Go signature has no optional arguments",
	"N013": "only in JavaScript: the constructor is internal to Node",
	"N019": "only in JavaScript: Options have no prototype",
	"N021": windows,
	"N022": "only in JavaScript: there are no deprecation flags",
	"N027": "only in JavaScript: os.Stdin is a file like any other",
	"N037": windows,
	"N072": "only in JavaScript: a net.Conn has no HTTP parser attached",
	"N074": "only in JavaScript: diagnostics channels are Node's",
	"N075": "only in JavaScript: the permission model is Node's",
	"N101": windows,
	"N123": "only in JavaScript: a Go program has no start-up snapshot",
	"S027": noOption,
}
