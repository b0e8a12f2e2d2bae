package nodejson

import (
	"bytes"
	"strings"
)

// internalPrefix begins the cmd of Node's own messages. A cmd that is no longer than the prefix is
// the user's.
const internalPrefix = "NODE_"

// Cmd checks that p is JSON and returns the cmd of a message of Node's own: of an object whose last
// member named cmd is a string that begins with NODE_ and goes on. For other messages it returns
// "". It reads p once and allocates nothing for an ordinary message.
//
// An object may be nested envelope levels deeper than other values, because those levels are around
// the message.
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

// Mentions reports whether p, JSON or not, may contain a string with text in it. text must consist
// of letters, digits and other characters without a short escape. It takes a small part of the time
// of [Cmd]: if p does not mention NODE_, it has no cmd of Node's own.
//
// Safe to call from any goroutine.
func Mentions(p []byte, text string) bool {
	return bytes.Contains(p, []byte(text)) || bytes.Contains(p, unicodeEscape)
}

// Check returns nil if p is one JSON value. Otherwise the *[Error] wraps [ErrSyntax] or [ErrDepth]
// and says where p stops being one.
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

// Members calls yield with each member of the object p, in order. If several have the same key, it
// yields all of them; for Node the last one counts. value is a part of p. envelope is as for [Cmd].
//
// The error is an *[Error] wrapping [ErrSyntax] or [ErrDepth]; a valid text that is no object is
// [ErrSyntax] too. yield may have been called before an error: until Members returns, the rest of p
// is unknown.
//
// Safe to call from any goroutine.
func Members(p []byte, envelope int, yield func(key string, value []byte)) error {
	return RawMembers(p, envelope, func(key, value []byte) { yield(keyText(key), value) })
}

// RawMembers is [Members] that yields each key as it is written, with its quotes, as a part of p;
// [Means] compares it. It allocates nothing.
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

// Beginning is [RawMembers] for a text that was cut off somewhere. The last member may be
// incomplete: then whole is false, and value is the part of it that is there. A text that is no
// object has no members.
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
		if err != nil || end == len(p) { // A number may go on after the end.
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
