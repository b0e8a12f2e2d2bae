package nodejson

import (
	"bytes"
	"strings"
)

// internalPrefix begins the cmd of Node's internal messages. A cmd that is not longer is the
// user's.
const internalPrefix = "NODE_"

// Cmd checks that p is JSON, and returns its cmd if it is one of Node's internal messages: an
// object whose last member named cmd is a string that begins with NODE_ and is longer. For other
// messages it returns "". It reads p once, and allocates nothing for an ordinary message.
//
// An object may be nested envelope levels deeper than other values, because its outer levels are
// around the message and not part of it.
//
// The error is an *[Error] wrapping [ErrSyntax] or [ErrDepth].
//
// Safe to call from any goroutine.
func Cmd(p []byte, envelope int) (cmd string, err error) {
	i := skipBlanks(p, 0)
	if i == len(p) || p[i] != '{' {
		return "", Check(p)
	}
	var value []byte
	end, err := eachMember(p, i, -envelope, func(key, v []byte) {
		if Means(key, "cmd") {
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

// Mentions reports whether p, JSON or not, may have a string that contains text, which consists of
// characters without a short escape, such as letters and digits. It takes a small part of the time
// of [Cmd]: a p that does not mention NODE_ has no cmd.
//
// Safe to call from any goroutine.
func Mentions(p []byte, text string) bool {
	return bytes.Contains(p, []byte(text)) || bytes.Contains(p, unicodeEscape)
}

// Means reports whether the string q of a valid text, with its quotes, stands for s, which is
// ASCII.
//
// Safe to call from any goroutine.
func Means(q []byte, s string) bool {
	if bytes.IndexByte(q, '\\') < 0 {
		return string(q[1:len(q)-1]) == s
	}
	return unquote(q) == s
}

// Members calls yield with each member of the object p, in order. If a key comes twice, yield gets
// both members; for Node the last one counts. value is a part of p. envelope is as for [Cmd].
//
// The error is an *[Error] wrapping [ErrSyntax] or [ErrDepth], and [ErrSyntax] for valid JSON that
// is no object. yield may have been called before an error, so trust the members only once Members
// has returned nil.
//
// Safe to call from any goroutine.
func Members(p []byte, envelope int, yield func(key string, value []byte)) error {
	return RawMembers(p, envelope, func(key, value []byte) { yield(keyText(key), value) })
}

// RawMembers is [Members] with each key as it is written, with its quotes, as a part of p; see
// [Means]. It does not allocate.
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

// Beginning is [RawMembers] for the beginning of a text. If the text ends inside the last member,
// whole is false for that, and value is the part of it that is there. A text that is no object has
// no members.
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
		if err != nil || end == len(p) { // A number may go on behind the cut.
			yield(p[i:key], p[value:], false)
			return
		}
		yield(p[i:key], p[value:end], true)
		i = skipBlanks(p, end)
		more = i < len(p) && p[i] == ','
	}
}
