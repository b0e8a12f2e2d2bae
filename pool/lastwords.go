package pool

import "strings"

// This file finds the line of a worker's stderr for the text of an error.

// longestWords bounds the part of a worker's stderr in the text of an error, in bytes. The field
// Stderr has more.
const longestWords = 256

// lastWords returns the line of a worker's stderr that best explains its exit: the one above the
// stack trace of a Go or Node program, else the last one that is not empty.
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

// cutTrace returns the line above a trace at the end of text, "" if there is none.
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

// aboveNodeTrace returns the message above Node's trace: the last line that is not indented, no
// closing brace of an error's properties, and not the advice that follows a thrown value that is no
// error.
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
