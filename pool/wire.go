package pool

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/brood-go/brood/internal/nodejson"
)

// Version is that of the protocol, see PROTOCOL.md: what the ready message of a worker says.
const Version = 1

// creditWindow is how many bytes of chunks a worker may have written that nobody has taken yet.
const creditWindow = 1 << 20

// jobMessage is a job on its way to a worker.
type jobMessage struct {
	ID      uint64
	Method  string // "": without one
	Job     []byte // JSON
	Attempt int    // from the second one on; else 0
	Attach  int64  // bytes that come beside it; 0: none
}

// AppendJSON makes it a nodejson.Appender: its job was encoded before.
func (m *jobMessage) AppendJSON(dst []byte, e *nodejson.Encoder) (_ []byte, err error) {
	dst = appendID(dst, m.ID)
	if m.Method != "" {
		if dst, err = e.Append(append(dst, `,"method":`...), m.Method); err != nil {
			return dst, err // Unreachable: it is a string.
		}
	}
	dst = append(append(dst, `,"job":`...), m.Job...)
	if m.Attempt > 0 {
		dst = strconv.AppendInt(append(dst, `,"attempt":`...), int64(m.Attempt), 10)
	}
	if m.Attach > 0 {
		dst = strconv.AppendInt(append(dst, `,"attach":`...), m.Attach, 10)
	}
	return append(dst, '}'), nil
}

type cancelMessage struct {
	ID     uint64 `json:"id"`
	Cancel string `json:"cancel"`
}

// recallMessage asks for a job back that the worker has not begun. One that it has begun goes on as
// if nothing had been said.
type recallMessage struct {
	ID     uint64 `json:"id"`
	Recall bool   `json:"recall"`
}

type creditMessage struct {
	ID     uint64 `json:"id"`
	Credit int    `json:"credit"`
}

type pingMessage struct {
	Ping uint64 `json:"ping"`
}

// An answerKind is what a message of a worker is.
type answerKind uint8

const (
	kindOther answerKind = iota // what the protocol does not know
	kindReady
	kindRetire
	kindPong
	kindResult
	kindError
	kindProgress
	kindChunk
	kindRecalled
)

// kindOf returns what a message with that member is.
func kindOf(member []byte) answerKind {
	switch string(member) {
	case "ready":
		return kindReady
	case "retire":
		return kindRetire
	case "pong":
		return kindPong
	case "result":
		return kindResult
	case "error":
		return kindError
	case "recalled":
		return kindRecalled
	case "progress":
		return kindProgress
	case "chunk":
		return kindChunk
	}
	return kindOther
}

// answer is a message of a worker. Its slices are parts of the message.
type answer struct {
	kind   answerKind
	hasID  bool
	id     uint64 // 0 if the message's is no positive integer: no job has that
	bare   bool   // there is an id, and nothing else that is known
	value  []byte // JSON
	attach int64  // bytes that come beside it
}

// parseAnswer reads a message. An object with an id and nothing that is known is a result of null,
// as process.send({id, result: undefined}) has it. The error is that of a text that is no JSON;
// what is no object, or no message of the protocol, is kindOther.
func parseAnswer(p []byte) (a answer, err error) {
	a.value = null
	if p = bytes.TrimLeft(p, " \t\r\n"); len(p) == 0 || p[0] != '{' {
		if !json.Valid(p) {
			return a, errNotJSON
		}
		return a, nil
	}
	err = nodejson.RawMembers(p, 0, func(key, value []byte) {
		name := plainText(key)
		kind := kindOf(name)
		switch string(name) {
		case "id":
			a.hasID = true
			a.id, _ = number(value) // 0 for what is no such number.
		case "attach":
			a.attach, _ = strconv.ParseInt(string(value), 10, 64)
		case "error":
			if bytes.Equal(value, null) {
				return
			}
		}
		if kind != kindOther && a.outranks(kind) {
			a.kind, a.value = kind, value
		}
	})
	if err != nil {
		return a, err
	}
	switch {
	case a.hasID && a.kind < kindResult:
		a.bare = true
		a.kind, a.value = kindResult, null
	case !a.hasID && a.kind >= kindResult:
		a.kind = kindOther
	}
	return a, nil
}

var null = []byte("null")

var errNotJSON = errors.New("it is no JSON")

// outranks reports whether a member of a message says what the message is, although others were
// found before: an error before a result, that before what is on the way.
func (a *answer) outranks(kind answerKind) bool {
	return a.kind == kindOther || a.kind == kind || kind == kindError || kind == kindResult && a.kind > kindError
}

// readyMessage is what a worker says of itself.
type readyMessage struct {
	Version     json.RawMessage `json:"version"`
	Methods     []string        `json:"methods"`     // nil: any
	Concurrency int             `json:"concurrency"` // 0: 1
	Accepts     []string        `json:"accepts"`     // of "cancel", "recall", "credit", "ping"
	Attach      string          `json:"attach"`      // "memfd": attachments come as handles
}

// parseReady reads the member ready of a message: true, or an object. The error is a *VersionError
// for one of another version.
func parseReady(value []byte) (r readyMessage, err error) {
	if bytes.Equal(value, []byte("true")) {
		return r, nil
	}
	if len(value) == 0 || value[0] != '{' {
		return r, errors.New("ready is neither true nor an object")
	}
	if err := nodejson.Decode(value, &r); err != nil {
		return r, err
	}
	switch version := string(r.Version); {
	case version == "":
		return r, &VersionError{"without a number"}
	case version != strconv.Itoa(Version):
		return r, &VersionError{version[:min(len(version), 16)]}
	case r.Concurrency < 0:
		return r, errors.New("its concurrency is negative")
	}
	return r, nil
}

// maxErrorValue is how much of a worker's error a JobError has, in bytes.
const maxErrorValue = 64 << 10

// parseError makes a JobError of the member error of a message: a text, or an object as Node's
// errors are sent.
func parseError(value []byte) *JobError {
	e := &JobError{Value: bytes.Clone(value[:min(len(value), maxErrorValue)])}
	var text string
	if nodejson.Decode(value, &text) == nil {
		e.Message = text
		return e
	}
	// What is of another type than it should be stays empty: Value has it.
	_ = nodejson.Members(value, 0, func(key string, member []byte) {
		var text string
		if nodejson.Decode(member, &text) != nil {
			text = string(member) // A code may be a number.
		}
		switch key {
		case "message":
			e.Message = text
		case "name":
			e.Name = text
		case "code":
			e.Code = text
		case "stack":
			e.Stack = text
		}
	})
	return e
}

// parseChunk returns the bytes of a chunk: a text, or {"base64": "…"}.
func parseChunk(value []byte) ([]byte, error) {
	var text string
	if nodejson.Decode(value, &text) == nil {
		return []byte(text), nil
	}
	var coded struct{ Base64 *string }
	if err := nodejson.Decode(value, &coded); err != nil {
		return nil, err
	}
	if coded.Base64 == nil {
		return nil, errors.New("a chunk is neither text nor base64")
	}
	return base64.StdEncoding.DecodeString(*coded.Base64)
}
