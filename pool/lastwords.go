package pool

import "strings"

// longestWords bounds what the text of an error has of a worker's stderr, in bytes. The field
// Stderr has more.
const longestWords = 256

// lastWords returns the line of a worker's stderr that says best why it has ended: the last one
// that is not empty, or that above the trace with which a Go or a Node program ends.
func lastWords(stderr []byte) string {
	text := strings.TrimSpace(string(stderr))
	line := cutTrace(text)
	if line == "" {
		line = strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
	}
	if len(line) > longestWords {
		line = line[:longestWords] + "…"
	}
	return strings.ToValidUTF8(line, "\uFFFD")
}

// cutTrace returns the line above a trace at the end of a text, "" where there is none.
func cutTrace(text string) string {
	last := text[strings.LastIndexByte(text, '\n')+1:]
	if strings.HasPrefix(last, "Node.js v") {
		return aboveNodeTrace(strings.TrimSuffix(text, last))
	}
	// Go prints the panic, an empty line, and the goroutines.
	for _, begin := range []string{"panic: ", "fatal error: "} {
		at := strings.LastIndex("\n"+text, "\n"+begin)
		if at >= 0 && strings.Contains(text[at:], "\ngoroutine ") {
			line, _, _ := strings.Cut(text[at:], "\n")
			return line
		}
	}
	return ""
}

// aboveNodeTrace returns the last line that is not indented, does not close what an error has
// besides its message, and is no advice, which follows what was thrown and is no error.
func aboveNodeTrace(text string) string {
	for text != "" {
		text = strings.TrimSuffix(text, "\n")
		line := text[strings.LastIndexByte(text, '\n')+1:]
		if strings.TrimSpace(line) != "" && line != "}" && line[0] != ' ' && !strings.HasPrefix(line, "(Use `node ") {
			return line
		}
		text = strings.TrimSuffix(text, line)
	}
	return ""
}
