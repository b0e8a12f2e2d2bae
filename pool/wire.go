package pool

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/brood-go/brood/internal/nodejson"
)

// This file has the messages of PROTOCOL.md as the pool writes and reads them. Its functions have
// no state. The worker's side is serve_request.go and serve_answer.go.

// Version is the version of the protocol in PROTOCOL.md. A worker's ready message says its own.
const Version = 1

// creditWindow is the number of bytes of chunks that a worker may write ahead of the listener.
const creditWindow = 1 << 20

type jobMessage struct {
	ID      uint64
	Method  string // "": none
	Job     []byte // JSON
	Attempt int    // number of the run, from 2; 0 for the first
	Attach  int64  // bytes beside the message; 0: none
}

// AppendJSON implements nodejson.Appender. It copies the job, which is encoded already.
func (m *jobMessage) AppendJSON(dst []byte, e *nodejson.Encoder) (_ []byte, err error) {
	dst = appendID(dst, m.ID)
	if m.Method != "" {
		if dst, err = e.Append(append(dst, `,"method":`...), m.Method); err != nil {
			return dst, err // Unreachable: a string always becomes JSON.
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

// cancelMessage asks the worker to cancel a job, for the reason in Cancel.
type cancelMessage struct {
	ID     uint64 `json:"id"`
	Cancel string `json:"cancel"`
}

// recallMessage asks the worker to give a job back. A worker that has begun it ignores the message.
type recallMessage struct {
	ID     uint64 `json:"id"`
	Recall bool   `json:"recall"`
}

// creditMessage allows that many more bytes of chunks.
type creditMessage struct {
	ID     uint64 `json:"id"`
	Credit int    `json:"credit"`
}

type pingMessage struct {
	Ping uint64 `json:"ping"`
}

// An answerKind is the kind of a worker's message. The order matters: from kindResult on, messages
// are about a job.
type answerKind uint8

const (
	kindOther answerKind = iota // no member of the protocol
	kindReady
	kindRetire
	kindPong
	kindResult
	kindError
	kindProgress
	kindChunk
	kindRecalled
)

// kindOf returns the kind of a message with that member.
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
	id     uint64 // 0 if the id is no positive integer, so that no job has it
	bare   bool   // it has an id and no other member of the protocol
	value  []byte // JSON of the member that decides kind
	attach int64  // bytes beside the message; 0: none
}

// parseAnswer reads a message. An object with an id and no other known member is a result of null,
// because that is the JSON of {id, result: undefined}. An error means that the text is no JSON.
// JSON that is no object or no message of the protocol is kindOther.
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
			a.id, _ = number(value) // 0 if it is no such number.
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

// outranks reports whether a member decides the kind of a message that has several: an error comes
// before a result, a result before everything else that is about a job.
func (a *answer) outranks(kind answerKind) bool {
	return a.kind == kindOther || a.kind == kind || kind == kindError || kind == kindResult && a.kind > kindError
}

// readyMessage is the member ready of a worker's first message.
type readyMessage struct {
	Version     json.RawMessage `json:"version"`
	Methods     []string        `json:"methods"`     // nil: any
	Concurrency int             `json:"concurrency"` // 0: 1
	Accepts     []string        `json:"accepts"`     // of "cancel", "recall", "credit", "ping"
	Attach      string          `json:"attach"`      // "memfd": attachments go as handles
}

// parseReady reads the member ready: true, or an object. It returns a *VersionError for another
// version.
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

// maxErrorValue is the length of JobError.Value, in bytes.
const maxErrorValue = 64 << 10

// parseError reads the member error: a text, or an object with the members of Node's errors.
func parseError(value []byte) *JobError {
	e := &JobError{Value: bytes.Clone(value[:min(len(value), maxErrorValue)])}
	var text string
	if nodejson.Decode(value, &text) == nil {
		e.Message = text
		return e
	}
	// If it is no object, the fields stay empty, and Value has it.
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

// parseChunk returns the bytes of a chunk: those of a text, or of {"base64": "…"}.
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
