package ipc

import (
	"strings"

	"github.com/brood-go/brood/internal/frames"
	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/internal/readahead"
	"github.com/brood-go/brood/ipc/v8"
)

// format reads and writes the frames of one Serialization, for one channel. Its methods do not
// change the channel and do no I/O.
type format interface {
	// splitter returns a Splitter of frames of up to limit bytes.
	splitter(limit int) frames.Splitter

	// appendFrame appends the frame of v to dst, which is empty.
	appendFrame(dst []byte, v any) ([]byte, error)

	// payload returns the message in a frame of appendFrame, a part of it.
	payload(frame []byte) []byte

	// appendHandleFrame is appendFrame for a message with a handle, which may be nested as deep as
	// one without.
	appendHandleFrame(dst []byte, h handleFrame) ([]byte, error)

	// inspect checks m's payload and returns its cmd if it is one of Node's internal messages, else
	// "". It may keep the decoded value in m.
	inspect(m *Message) (cmd string, err error)

	// mentions reports whether a payload, well formed or not, may have a string that contains text,
	// which is ASCII. It takes a small part of inspect's time.
	mentions(payload []byte, text string) bool

	// check is inspect for a message that is delivered next. It may decode the message into a
	// variable of the type that the messages before were decoded into.
	check(m *Message) (cmd string, err error)

	// member returns a member of an internal message: a string as it is, a number in decimal.
	member(m *Message, name string) (string, bool)

	// inner returns a member of a message as a message. The two share their payload.
	inner(m *Message, name string) (*Message, error)

	// These are Message.Decode, Value and Raw of a message that has not expired.
	decode(m *Message, v any) error
	value(m *Message) (any, error)
	raw(m *Message) []byte

	// nullMessage returns a message that is null, or undefined in Advanced.
	nullMessage() *Message

	// ack and nack return the frames that answer a handle, in new memory.
	ack() []byte
	nack() []byte
}

// The cmd of the internal messages by which channels send handles (Node v20,
// lib/internal/child_process.js).
const (
	cmdHandle = "NODE_HANDLE"
	cmdAck    = "NODE_HANDLE_ACK"
	cmdNack   = "NODE_HANDLE_NACK"

	cmdPrefix = "NODE_" // a longer cmd that begins with it makes a message internal
)

// isCommand reports whether s is the cmd of an internal message.
func isCommand(s string) bool { return len(s) > len(cmdPrefix) && strings.HasPrefix(s, cmdPrefix) }

// handleFrame is the NODE_HANDLE frame around a message with a handle. The order of its members is
// Node's.
type handleFrame struct {
	Cmd       string `json:"cmd"`
	Type      string `json:"type"`
	Msg       any    `json:"msg"`
	DgramType string `json:"dgramType,omitempty"`
	Key       string `json:"key,omitempty"`
}

// formatOf returns a format for one channel of h's loop.
func (h *hub) formatOf(s Serialization) format {
	if s == Advanced {
		return advancedFormat{readahead.New(v8.DecodePlain)}
	}
	decoder := new(nodejson.Decoder)
	return jsonFormat{&h.json, decoder, readahead.New(decoder.DecodePlain)}
}
