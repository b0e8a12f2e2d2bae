package pool

import (
	"bytes"
	"fmt"
	"math"

	"github.com/brood-go/brood/internal/nodejson"
)

// request is a message of the parent, taken apart: the JSON of its members, which are parts of the
// message; nil for those that it does not have. Of several members with one name the last one
// counts, as for JSON.parse, and those with other names are of a later version of the protocol.
type request struct {
	id, method, job, attempt, attach []byte
	cancel, recall, credit, ping     []byte
}

func (r *request) member(key, value []byte) {
	switch string(plainText(key)) {
	case "id":
		r.id = value
	case "job":
		r.job = value
	case "method":
		r.method = value
	case "attempt":
		r.attempt = value
	case "attach":
		r.attach = value
	case "cancel":
		r.cancel = value
	case "recall":
		r.recall = value
	case "credit":
		r.credit = value
	case "ping":
		r.ping = value
	}
}

// parse takes a message apart. yield is r.member, made once.
func parse(message []byte, yield func(key, value []byte)) error {
	if err := nodejson.RawMembers(message, 0, yield); err != nil {
		return protocolError(message, "it is no object")
	}
	return nil
}

// methodOf returns the method that a member means; "" without one.
func methodOf(text []byte) []byte {
	if !given(text) {
		return nil
	}
	return plainText(text)
}

// plainText is textOf without a copy, for the strings that mean what is written.
func plainText(text []byte) []byte {
	if text[0] == '"' && bytes.IndexByte(text, '\\') < 0 {
		return text[1 : len(text)-1]
	}
	return []byte(textOf(text))
}

// textOf returns a text of the parent: what a string means, any other JSON as it is.
func textOf(value []byte) string {
	var s string
	if nodejson.Decode(value, &s) != nil {
		return string(value)
	}
	return s
}

// attemptOf returns the number of an attempt: it is only told from the second on.
func attemptOf(text []byte) int {
	if n, ok := number(text); ok && n > 0 {
		return int(min(n, math.MaxInt32))
	}
	return 1
}

// number reads a JSON number that is an unsigned integer, written without an exponent, as every
// JSON library writes those below 2⁵³.
func number(text []byte) (n uint64, ok bool) {
	if len(text) == 0 || len(text) > 18 { // Fewer digits than an int64 has.
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, true
}

// given reports whether a member is there and not null.
func given(value []byte) bool { return value != nil && !bytes.Equal(value, null) }

// A ParentError is a message of the parent that is against the protocol, as a worker sees it. It
// was ignored.
type ParentError struct {
	Reason string
	Data   []byte // how the message begins, at most 64 bytes
}

// Error returns a text such as `pool: message "{\"id\":0,\"job\":1}": the id is no positive
// integer`.
func (e *ParentError) Error() string { return fmt.Sprintf("pool: message %q: %s", e.Data, e.Reason) }

func protocolError(message []byte, reason string) error {
	return &ParentError{reason, bytes.Clone(message[:min(len(message), maxExcerpt)])}
}
