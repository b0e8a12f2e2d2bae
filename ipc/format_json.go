package ipc

import (
	"errors"

	"github.com/brood-go/brood/internal/frames"
	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/internal/readahead"
)

// jsonFormat is the format of [JSON].
type jsonFormat struct {
	encoder *nodejson.Encoder // the hub's
	decoder *nodejson.Decoder // the channel's
	guess   *readahead.Guess  // decodes by decoder; about the message that is being delivered
}

func (jsonFormat) splitter(limit int) frames.Splitter { return frames.Lines(limit) }

func (f jsonFormat) appendFrame(dst []byte, v any) ([]byte, error) {
	dst, err := f.encoder.Append(dst, v)
	if err != nil {
		return nil, err
	}
	return append(dst, '\n'), nil
}

func (jsonFormat) payload(frame []byte) []byte { return frame[:len(frame)-1] }

// appendHandleFrame writes the envelope itself, because inside another value the message could have
// one level less.
func (f jsonFormat) appendHandleFrame(dst []byte, h handleFrame) ([]byte, error) {
	dst = append(dst, `{"cmd":"`+h.Cmd+`","type":"`+h.Type+`","msg":`...)
	dst, err := f.encoder.Append(dst, h.Msg)
	if err != nil {
		return nil, err
	}
	for _, m := range []struct{ name, text string }{{"dgramType", h.DgramType}, {"key", h.Key}} {
		if m.text == "" {
			continue
		}
		dst = append(dst, `,"`+m.name+`":`...)
		if dst, err = f.encoder.Append(dst, m.text); err != nil {
			return nil, err // Unreachable: it is a string.
		}
	}
	return append(dst, "}\n"...), nil
}

// inspect allows the envelope of a handle maxNesting more levels.
func (jsonFormat) inspect(m *Message) (cmd string, err error) {
	cmd, err = nodejson.Cmd(m.raw, 0)
	if errors.Is(err, nodejson.ErrDepth) {
		if deep, deepErr := nodejson.Cmd(m.raw, maxNesting); deepErr == nil && deep == cmdHandle {
			return deep, nil
		}
	}
	return cmd, err
}

func (jsonFormat) mentions(payload []byte, text string) bool { return nodejson.Mentions(payload, text) }

// check searches for a cmd only if decoding the message has not shown that it has none, because the
// search takes time.
func (f jsonFormat) check(m *Message) (cmd string, err error) {
	read := f.guess.Read(m.raw)
	if read && f.decoder.Ordinary() {
		m.guessed = true
		return "", nil
	}
	if f.mentions(m.raw, cmdPrefix) {
		if cmd, err = f.inspect(m); cmd != "" {
			f.guess.Discard()
			return cmd, nil
		}
	} else if !read {
		err = nodejson.Check(m.raw)
	}
	m.guessed = true
	return "", err
}

func (jsonFormat) member(m *Message, name string) (text string, ok bool) {
	raw := rawMember(m.raw, name)
	if len(raw) == 0 {
		return "", false
	}
	if raw[0] != '"' {
		return string(raw), true
	}
	return text, nodejson.Decode(raw, &text) == nil
}

func (f jsonFormat) inner(m *Message, name string) (*Message, error) {
	raw := rawMember(m.raw, name)
	if raw == nil {
		return nil, errNoInner
	}
	return &Message{raw: raw, format: f, owned: m.owned}, nil
}

// rawMember returns the value of the last member called name, as JSON.parse takes it, nil if there
// is none. It is a part of object.
func rawMember(object []byte, name string) (found []byte) {
	// The object was inspected, so it is well formed.
	_ = nodejson.Members(object, maxNesting, func(key string, raw []byte) {
		if key == name {
			found = raw
		}
	})
	return found
}

func (f jsonFormat) decode(m *Message, v any) error {
	if m.guessed && f.guess.Take(v) {
		return nil
	}
	return nodejson.Decode(m.raw, v)
}

func (f jsonFormat) value(m *Message) (any, error) {
	if m.guessed {
		if v, ok := f.guess.TakeAny(); ok {
			return v, nil
		}
	}
	return nodejson.Value(m.raw)
}

func (jsonFormat) raw(m *Message) []byte { return m.raw }

func (f jsonFormat) nullMessage() *Message {
	return &Message{format: f, raw: []byte("null"), owned: true}
}

func (jsonFormat) ack() []byte  { return []byte(`{"cmd":"NODE_HANDLE_ACK"}` + "\n") }
func (jsonFormat) nack() []byte { return []byte(`{"cmd":"NODE_HANDLE_NACK"}` + "\n") }

var errNoInner = errors.New("handle without a message")
