package ipc

import (
	"strings"

	"github.com/brood-go/brood/internal/frames"
	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/internal/readahead"
	"github.com/brood-go/brood/ipc/v8"
)

// format is a [Serialization] at work.
type format interface {
	// splitter returns one that accepts frames of up to limit bytes.
	splitter(limit int) frames.Splitter

	// appendFrame appends the frame of v to dst, which is empty.
	appendFrame(dst []byte, v any) ([]byte, error)

	// payload returns what is in a frame of appendFrame.
	payload(frame []byte) []byte

	// appendHandleFrame is the same for a message with a handle, which may be nested as deep as one
	// without.
	appendHandleFrame(dst []byte, h handleFrame) ([]byte, error)

	// inspect checks a received payload and returns its command if it is one of Node's internal
	// messages, else "". It may keep in m what it has learned.
	inspect(m *Message) (cmd string, err error)

	// mentions reports whether there may be a string in a payload, well formed or not, that
	// contains text, which is ASCII. It takes a small part of the time of inspect.
	mentions(payload []byte, text string) bool

	// check is inspect that is called right before a message is delivered, and may read it in the
	// way in which the messages before were asked for.
	check(m *Message) (cmd string, err error)

	// member returns a member of an internal message: strings as they are, numbers in decimal.
	member(m *Message, name string) (string, bool)

	// inner returns a member of a message as a message of its own.
	inner(m *Message, name string) (*Message, error)

	decode(m *Message, v any) error
	value(m *Message) (any, error)
	raw(m *Message) []byte

	// nullMessage returns a message that says null, or undefined.
	nullMessage() *Message

	// ack and nack are the frames that answer a handle.
	ack() []byte
	nack() []byte
}

// Node's internal commands that concern a channel itself (Node v20, lib/internal/child_process.js).
const (
	cmdHandle = "NODE_HANDLE"
	cmdAck    = "NODE_HANDLE_ACK"
	cmdNack   = "NODE_HANDLE_NACK"

	cmdPrefix = "NODE_" // a longer cmd that begins so makes a message internal
)

func isCommand(s string) bool { return len(s) > len(cmdPrefix) && strings.HasPrefix(s, cmdPrefix) }

// handleFrame is a message with a handle, as it is on the wire. The order of the members is Node's.
type handleFrame struct {
	Cmd       string `json:"cmd"`
	Type      string `json:"type"`
	Msg       any    `json:"msg"`
	DgramType string `json:"dgramType,omitempty"`
	Key       string `json:"key,omitempty"`
}

// formatOf returns the format of one channel of h's loop.
func (h *hub) formatOf(s Serialization) format {
	if s == Advanced {
		return advancedFormat{readahead.New(v8.DecodePlain)}
	}
	decoder := new(nodejson.Decoder)
	return jsonFormat{&h.json, decoder, readahead.New(decoder.DecodePlain)}
}
