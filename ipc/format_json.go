package ipc

import (
	"errors"

	"github.com/brood-go/brood/internal/nodejson"
)

// jsonFormat is [JSON].
type jsonFormat struct{}

func (jsonFormat) splitter(max int) splitter { return &lineSplitter{max: max} }

func (jsonFormat) appendFrame(dst []byte, v any) ([]byte, error) {
	dst, err := nodejson.Append(dst, v)
	if err != nil {
		return nil, err
	}
	return append(dst, '\n'), nil
}

func (jsonFormat) inspect(m *Message) (cmd string, err error) { return nodejson.Cmd(m.raw) }

func (jsonFormat) member(m *Message, name string) (text string, ok bool) {
	raw := rawMember(m.raw, name)
	if len(raw) == 0 {
		return "", false
	}
	if raw[0] != '"' {
		return string(raw), true
	}
	return text, nodejson.Unmarshal(raw, &text) == nil
}

func (f jsonFormat) inner(m *Message) (*Message, error) {
	raw := rawMember(m.raw, "msg")
	if raw == nil {
		return nil, errNoInner
	}
	return &Message{raw: raw, format: f, owned: m.owned}, nil
}

// rawMember returns the last member called name, as JSON.parse would, nil if there is none.
func rawMember(object []byte, name string) (found []byte) {
	nodejson.Members(object, func(key string, raw []byte) {
		if key == name {
			found = raw
		}
	})
	return found
}

func (jsonFormat) decode(m *Message, v any) error { return nodejson.Unmarshal(m.raw, v) }

func (jsonFormat) value(m *Message) (any, error) { return nodejson.Value(m.raw) }

func (jsonFormat) ack() []byte  { return []byte(`{"cmd":"NODE_HANDLE_ACK"}` + "\n") }
func (jsonFormat) nack() []byte { return []byte(`{"cmd":"NODE_HANDLE_NACK"}` + "\n") }

var errNoInner = errors.New("handle without a message")
