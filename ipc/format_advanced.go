package ipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strconv"

	"github.com/brood-go/brood/internal/frames"
	"github.com/brood-go/brood/internal/readahead"
	"github.com/brood-go/brood/ipc/v8"
)

// advancedFormat is the format of [Advanced]. It decodes a payload before delivery, because nothing
// less shows whether it is well formed.
type advancedFormat struct {
	guess *readahead.Guess // the channel's, about the message that is being delivered
}

func (advancedFormat) splitter(limit int) frames.Splitter { return frames.Lengths(limit) }

func (f advancedFormat) appendFrame(dst []byte, v any) ([]byte, error) {
	return f.append(dst, v, v8.MaxWriteDepth)
}

func (advancedFormat) payload(frame []byte) []byte { return frame[frames.LengthSize:] }

func (f advancedFormat) appendHandleFrame(dst []byte, h handleFrame) ([]byte, error) {
	return f.append(dst, h, v8.MaxWriteDepth+1)
}

func (advancedFormat) append(dst []byte, v any, depth int) ([]byte, error) {
	dst, err := v8.AppendDepth(append(dst, 0, 0, 0, 0), v, depth)
	if err != nil {
		return nil, err
	}
	size := len(dst) - frames.LengthSize
	if int64(size) > math.MaxUint32 {
		return nil, ErrMessageTooLong
	}
	binary.BigEndian.PutUint32(dst, uint32(size))
	return dst, nil
}

func (f advancedFormat) inspect(m *Message) (cmd string, err error) {
	if err := f.ensureValue(m); err != nil {
		return "", err
	}
	if text, ok := memberOf(m.value, "cmd"); ok && isCommand(text) {
		return text, nil
	}
	return "", nil
}

// ensureValue sets m.value, unless it is set. The envelope of a handle may have levels in addition
// to those of a message.
func (f advancedFormat) ensureValue(m *Message) error {
	if m.decoded {
		return nil
	}
	v, err := f.readAgain(m)
	if errors.Is(err, v8.ErrTooDeep) && m.path == nil {
		deep, deepErr := v8.ValueDepth(m.raw, v8.MaxReadDepth+maxNesting)
		if text, _ := memberOf(deep, "cmd"); deepErr == nil && text == cmdHandle {
			v, err = deep, nil
		}
	}
	if err == nil {
		m.value, m.decoded = v, true
	}
	return err
}

// mentions looks for text as V8 writes it: in one byte a character, or in two.
func (advancedFormat) mentions(payload []byte, text string) bool {
	return bytes.Contains(payload, []byte(text)) || mentionsWide(payload, text)
}

// mentionsWide reports whether text is in p in UTF-16.
func mentionsWide(p []byte, text string) bool {
	for {
		i := bytes.IndexByte(p, text[0])
		if i < 0 {
			return false
		}
		if p = p[i:]; beginsWide(p, text) {
			return true
		}
		p = p[1:]
	}
}

// beginsWide reports whether p begins with text in UTF-16, little-endian.
func beginsWide(p []byte, text string) bool {
	if len(p) < 2*len(text) {
		return false
	}
	for i := range len(text) {
		if p[2*i] != text[i] || p[2*i+1] != 0 {
			return false
		}
	}
	return true
}

func (f advancedFormat) check(m *Message) (cmd string, err error) {
	if !f.mentions(m.raw, cmdPrefix) {
		m.guessed = true
		if f.guess.Read(m.raw) {
			return "", nil
		}
	}
	return f.inspect(m)
}

// memberOf returns the member of v if v is an object and the member a string.
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
	if f.ensureValue(m) != nil {
		return "", false // Unreachable: inspect has found it well formed.
	}
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

// inner keeps the payload of m, because references inside the member count from its beginning.
func (f advancedFormat) inner(m *Message, name string) (*Message, error) {
	if err := f.ensureValue(m); err != nil {
		return nil, err
	}
	o, ok := m.value.(*v8.Object)
	if !ok {
		return nil, errNoInner
	}
	v, ok := o.Get(name)
	if !ok {
		return nil, errNoInner
	}
	return &Message{format: f, raw: m.raw, path: &memberPath{m.path, name}, owned: m.owned, value: v, decoded: true}, nil
}

// readAgain decodes the message from its payload. It leaves m as it is.
func (advancedFormat) readAgain(m *Message) (any, error) {
	levels := 0
	for p := m.path; p != nil; p = p.outer {
		levels++
	}
	v, err := v8.ValueDepth(m.raw, v8.MaxReadDepth+levels)
	if err != nil {
		return nil, err
	}
	return m.path.in(v), nil
}

// in returns the member at p of the payload's value v.
func (p *memberPath) in(v any) any {
	if p == nil {
		return v
	}
	o, ok := p.outer.in(v).(*v8.Object)
	if !ok {
		return nil // Unreachable: inner has found the member.
	}
	member, _ := o.Get(p.name)
	return member
}

func (f advancedFormat) decode(m *Message, dst any) error {
	if m.guessed && f.guess.Take(dst) {
		return nil
	}
	v, err := f.takeValue(m)
	if err != nil {
		return err
	}
	return v8.DecodeValue(m.raw, v, dst)
}

func (f advancedFormat) value(m *Message) (any, error) {
	if m.guessed {
		if v, ok := f.guess.TakeAny(); ok {
			return v, nil
		}
	}
	return f.takeValue(m)
}

// takeValue returns m.value, or decodes the message if it was taken before: the caller may change
// the value, and variables decoded from it may share its memory.
func (f advancedFormat) takeValue(m *Message) (any, error) {
	if !m.decoded {
		return f.readAgain(m)
	}
	v := m.value
	m.value, m.decoded = nil, false
	return v, nil
}

// raw returns a member of a payload as a payload of its own, nil if it cannot be written.
func (f advancedFormat) raw(m *Message) []byte {
	if m.path == nil || m.raw == nil {
		return m.raw
	}
	v, err := f.readAgain(m)
	if err != nil {
		return nil
	}
	p, err := v8.AppendDepth(nil, v, v8.MaxReadDepth)
	if err != nil {
		return nil
	}
	return p
}

func (f advancedFormat) nullMessage() *Message {
	return &Message{format: f, raw: []byte("\xff\x0f_"), owned: true, value: v8.Undefined, decoded: true}
}

// The frames are Node's: the length, the version, an object with one property.

func (advancedFormat) ack() []byte {
	return []byte("\x00\x00\x00\x1b\xff\x0fo\"\x03cmd\"\x0fNODE_HANDLE_ACK{\x01")
}

func (advancedFormat) nack() []byte {
	return []byte("\x00\x00\x00\x1c\xff\x0fo\"\x03cmd\"\x10NODE_HANDLE_NACK{\x01")
}
