package pool

import (
	"bytes"
	"fmt"
	"math"

	"github.com/brood-go/brood/internal/nodejson"
)

// request has the members of a message from the parent, as JSON that is a part of the message; nil
// for absent ones. Of several members with one name the last one counts, as for JSON.parse. Other
// members belong to later versions of the protocol, and are ignored.
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

// parse reads a message. yield is request.member, which the server makes once.
func parse(message []byte, yield func(key, value []byte)) error {
	if err := nodejson.RawMembers(message, 0, yield); err != nil {
		return parentError(message, "it is no object")
	}
	return nil
}

// methodOf returns the text of the member method, nil if it is absent or null.
func methodOf(text []byte) []byte {
	if !given(text) {
		return nil
	}
	return plainText(text)
}

// plainText is textOf without a copy if the string has no escapes.
func plainText(text []byte) []byte {
	if text[0] == '"' && bytes.IndexByte(text, '\\') < 0 {
		return text[1 : len(text)-1]
	}
	return []byte(textOf(text))
}

// textOf returns the value of a JSON string, and any other JSON as it is.
func textOf(value []byte) string {
	var s string
	if nodejson.Decode(value, &s) != nil {
		return string(value)
	}
	return s
}

// attemptOf returns the number of an attempt. The parent sends it from the second one on.
func attemptOf(text []byte) int {
	if n, ok := number(text); ok && n > 0 {
		return int(min(n, math.MaxInt32))
	}
	return 1
}

// number reads a JSON number that is an unsigned integer without an exponent. JSON libraries write
// those below 2⁵³ so.
func number(text []byte) (n uint64, ok bool) {
	if len(text) == 0 || len(text) > 18 { // 18 digits fit an int64.
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

// given reports whether a member is present and not null.
func given(value []byte) bool { return value != nil && !bytes.Equal(value, null) }

// A ParentError is an invalid message of the parent. It goes to ServeOptions.OnError, and the
// message is ignored.
type ParentError struct {
	Reason string
	Data   []byte // the beginning of the message, at most 64 bytes
}

// Error returns a text such as `pool: message "{\"id\":0,\"job\":1}": the id is no positive
// integer`.
func (e *ParentError) Error() string { return fmt.Sprintf("pool: message %q: %s", e.Data, e.Reason) }

func parentError(message []byte, reason string) error {
	return &ParentError{reason, bytes.Clone(message[:min(len(message), maxExcerpt)])}
}
