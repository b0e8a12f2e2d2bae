package nodejson

import (
	"bytes"
	"strings"
)

// internalPrefix begins the cmd of a message that is Node's own. What is no longer than it is the user's.
const internalPrefix = "NODE_"

// Cmd returns the cmd of a message of Node's own: p is an object, of its members named cmd the last one is a string that
// begins with NODE_ and goes on. Of other messages and of what is not JSON it returns "", false. To look at an ordinary
// message costs little, and nothing is allocated.
//
// Safe to call from any goroutine.
func Cmd(p []byte) (cmd string, internal bool) {
	i := skipBlanks(p, 0)
	if i == len(p) || p[i] != '{' {
		return "", false
	}
	// The prefix stands in the text of every internal message, unless there are escapes of the kind that can hide it.
	if !bytes.Contains(p, []byte(internalPrefix)) && !bytes.Contains(p, unicodeEscape) {
		return "", false
	}
	var value []byte
	end, err := eachMember(p, i, 0, func(key, v []byte) {
		if means(key, "cmd") {
			value = v
		}
	})
	if err != nil || checkEnd(p, end) != nil || len(value) == 0 || value[0] != '"' {
		return "", false
	}
	if inner := value[1:]; !bytes.HasPrefix(inner, []byte(internalPrefix)) && !bytes.Contains(inner, unicodeEscape) {
		return "", false
	}
	cmd = keyText(value)
	if len(cmd) <= len(internalPrefix) || !strings.HasPrefix(cmd, internalPrefix) {
		return "", false
	}
	return cmd, true
}

// means reports whether the string q, with its quotes, means s, which is ASCII.
func means(q []byte, s string) bool {
	if bytes.IndexByte(q, '\\') < 0 {
		return string(q[1:len(q)-1]) == s
	}
	return unquote(q) == s
}

// Members calls yield with each member of the object p, in order, those with the same key too: of them, the last one
// counts for Node. value is a part of p.
//
// The error is an *[Error] wrapping [ErrSyntax] or [ErrDepth]; a text that is valid but no object is [ErrSyntax] too. It
// may come after some members: before Members returns, nothing is known of the rest.
//
// Safe to call from any goroutine.
func Members(p []byte, yield func(key string, value []byte)) error {
	i := skipBlanks(p, 0)
	if i == len(p) || p[i] != '{' {
		return syntaxError(i)
	}
	end, err := eachMember(p, i, 0, func(key, value []byte) { yield(keyText(key), value) })
	if err != nil {
		return err
	}
	return checkEnd(p, end)
}
