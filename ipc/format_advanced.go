package ipc

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/brood-go/brood/ipc/v8"
)

// advancedFormat is [Advanced]. A payload is decoded when it comes, because nothing less finds out whether it is well
// formed.
type advancedFormat struct{}

func (advancedFormat) splitter(max int) splitter { return &lengthSplitter{max: max} }

func (advancedFormat) appendFrame(dst []byte, v any) ([]byte, error) {
	dst, err := v8.Append(append(dst, 0, 0, 0, 0), v)
	if err != nil {
		return nil, err
	}
	size := len(dst) - lengthSize
	if int64(size) > math.MaxUint32 {
		return nil, ErrMessageTooLong
	}
	binary.BigEndian.PutUint32(dst, uint32(size))
	return dst, nil
}

func (advancedFormat) inspect(m *Message) (cmd string, err error) {
	v, err := v8.Unmarshal(m.raw)
	if err != nil {
		return "", err
	}
	m.value, m.decoded = v, true
	if text, ok := memberOf(v, "cmd"); ok && isCommand(text) {
		return text, nil
	}
	return "", nil
}

// memberOf returns a member of an object that is a string.
func memberOf(v any, name string) (string, bool) {
	o, ok := v.(*v8.Object)
	if !ok {
		return "", false
	}
	member, _ := o.Get(name)
	text, ok := member.(string)
	return text, ok
}

func (f advancedFormat) member(m *Message, name string) (string, bool) {
	o, ok := m.value.(*v8.Object)
	if !ok {
		return "", false
	}
	member, _ := o.Get(name)
	switch v := member.(type) {
	case string:
		return v, true
	case int:
		return strconv.Itoa(v), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	}
	return "", false
}

// inner encodes the member anew: references inside it count from the beginning of the whole payload.
func (f advancedFormat) inner(m *Message) (*Message, error) {
	o, ok := m.value.(*v8.Object)
	if !ok {
		return nil, errNoInner
	}
	msg, ok := o.Get("msg")
	if !ok {
		return nil, errNoInner
	}
	raw, err := v8.Marshal(msg)
	if err != nil {
		return nil, err
	}
	return &Message{format: f, raw: raw, owned: true, value: msg, decoded: true}, nil
}

func (advancedFormat) decode(m *Message, v any) error { return v8.Decode(m.raw, v) }

func (advancedFormat) value(m *Message) (any, error) {
	if m.decoded {
		return m.value, nil
	}
	return v8.Unmarshal(m.raw)
}

// The frames are those of Node: the length, the version, an object with one property.

func (advancedFormat) ack() []byte {
	return []byte("\x00\x00\x00\x1b\xff\x0fo\"\x03cmd\"\x0fNODE_HANDLE_ACK{\x01")
}

func (advancedFormat) nack() []byte {
	return []byte("\x00\x00\x00\x1c\xff\x0fo\"\x03cmd\"\x10NODE_HANDLE_NACK{\x01")
}
