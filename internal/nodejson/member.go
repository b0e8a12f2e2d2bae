package nodejson

import (
	"bytes"
	"strings"
)

// internalPrefix begins the cmd of a message that is Node's own. What is no longer than it is the
// user's.
const internalPrefix = "NODE_"

// Cmd looks at a message: it checks that p is JSON, and returns the cmd of a message of Node's own:
// an object of whose members named cmd the last one is a string that begins with NODE_ and goes on.
// For other messages it returns "". It reads p once and allocates nothing for an ordinary message.
//
// An object may be nested envelope levels deeper than other values: those are around a message and
// not of it.
//
// The error is an *[Error] wrapping [ErrSyntax] or [ErrDepth].
//
// Safe to call from any goroutine.
func Cmd(p []byte, envelope int) (cmd string, err error) {
	i := skipBlanks(p, 0)
	if i == len(p) || p[i] != '{' {
		return "", check(p)
	}
	var value []byte
	end, err := eachMember(p, i, -envelope, func(key, v []byte) {
		if means(key, "cmd") {
			value = v
		}
	})
	if err == nil {
		err = checkEnd(p, end)
	}
	if err != nil || len(value) == 0 || value[0] != '"' {
		return "", err
	}
	if inner := value[1:]; !bytes.HasPrefix(inner, []byte(internalPrefix)) && !bytes.Contains(inner, unicodeEscape) {
		return "", nil
	}
	if cmd = keyText(value); len(cmd) <= len(internalPrefix) || !strings.HasPrefix(cmd, internalPrefix) {
		return "", nil
	}
	return cmd, nil
}

// Mentions reports whether p, JSON or not, may have a string in it that contains text, which is of
// letters, digits and other characters that no short escape is for. It takes a small part of the
// time of [Cmd]: what does not mention NODE_ has none.
//
// Safe to call from any goroutine.
func Mentions(p []byte, text string) bool {
	return bytes.Contains(p, []byte(text)) || bytes.Contains(p, unicodeEscape)
}

// Check returns the *[Error] wrapping [ErrSyntax] or [ErrDepth] that says where p stops being one
// JSON value, nil if it is one.
//
// Safe to call from any goroutine.
func Check(p []byte) error { return check(p) }

// means reports whether the string q, with its quotes, means s, which is ASCII.
func means(q []byte, s string) bool {
	if bytes.IndexByte(q, '\\') < 0 {
		return string(q[1:len(q)-1]) == s
	}
	return unquote(q) == s
}

// Members calls yield with each member of the object p, in order, those with the same key too: of
// them, the last one counts for Node. value is a part of p. envelope is as for [Cmd].
//
// The error is an *[Error] wrapping [ErrSyntax] or [ErrDepth]; a text that is valid but no object
// is [ErrSyntax] too. It may come after some members: before Members returns, nothing is known of
// the rest.
//
// Safe to call from any goroutine.
func Members(p []byte, envelope int, yield func(key string, value []byte)) error {
	return RawMembers(p, envelope, func(key, value []byte) { yield(keyText(key), value) })
}

// RawMembers is [Members] that gives each key as it is written, with its quotes, as a part of p:
// [Means] says what it means. It allocates nothing.
//
// Safe to call from any goroutine.
func RawMembers(p []byte, envelope int, yield func(key, value []byte)) error {
	i := skipBlanks(p, 0)
	if i == len(p) || p[i] != '{' {
		return syntaxError(i)
	}
	end, err := eachMember(p, i, -envelope, yield)
	if err != nil {
		return err
	}
	return checkEnd(p, end)
}

// Beginning is [RawMembers] for a text that was cut off somewhere. The last member may be a part of
// one: then whole is false, and value is what there is of it. What is no object has no members.
//
// Safe to call from any goroutine.
func Beginning(p []byte, yield func(key, value []byte, whole bool)) {
	i := skipBlanks(p, 0)
	for more := i < len(p) && p[i] == '{'; more; {
		i = skipBlanks(p, i+1)
		key, value, err := skipKey(p, i)
		if err != nil {
			return
		}
		end, err := skipValue(p, value, 0)
		if err != nil || end == len(p) { // A number may go on behind the end.
			yield(p[i:key], p[value:], false)
			return
		}
		yield(p[i:key], p[value:end], true)
		i = skipBlanks(p, end)
		more = i < len(p) && p[i] == ','
	}
}

// Means reports whether the string q of a valid text, with its quotes, means s, which is ASCII.
//
// Safe to call from any goroutine.
func Means(q []byte, s string) bool { return means(q, s) }
