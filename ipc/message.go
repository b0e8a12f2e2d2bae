package ipc

// A Message is one message from the peer. It, and what Raw returns, is valid until the callback
// that got it returns; after that its methods return [ErrMessageExpired] or nil.
//
// A Message's methods must be called on the loop goroutine.
type Message struct {
	format  format
	raw     []byte      // the payload of the frame; nil once expired
	path    *memberPath // Advanced: where in the payload the message is; nil: it is all of it
	value   any         // Advanced: what the message means, while decoded is set
	decoded bool
	// it is not known yet what the payload is, and whether it is well formed, see receive.go
	unread  bool
	guessed bool // the channel's guess is about this message
	owned   bool // raw is nobody else's memory
	taken   bool // the user has asked for the handle
	handle  *Handle
}

// memberPath is a member of an object, which is a payload or a member itself.
type memberPath struct {
	outer *memberPath // nil: the payload
	name  string
}

// Decode stores the message in what v points to. JSON goes as encoding/json's Unmarshal does it,
// Advanced as Decode of package v8.
func (m *Message) Decode(v any) error {
	if m.raw == nil {
		return ErrMessageExpired
	}
	return m.format.decode(m, v)
}

// Value returns the message as a generic value, which the caller may keep: of JSON nil, bool,
// float64, string, []any or map[string]any; of Advanced what package v8 documents.
func (m *Message) Value() (any, error) {
	if m.raw == nil {
		return nil, ErrMessageExpired
	}
	return m.format.value(m)
}

// Raw returns the message as it came, without the newline or the length of its frame. It is valid
// until the callback returns. An Advanced message that came inside another, with a handle or as an
// answer, is encoded anew for it; it is nil if that is not possible, see package v8 for what cannot
// be written.
func (m *Message) Raw() []byte { return m.format.raw(m) }

// Handle returns the handle that came with the message, nil when none came. From the first call on
// it is the caller's, who must convert or Close it; a handle that nobody asked for is closed when
// the callback returns.
func (m *Message) Handle() *Handle {
	m.taken = m.handle != nil
	return m.handle
}

// keep makes the message outlive the buffer that it was read into.
func (m *Message) keep() {
	if !m.owned {
		m.raw = append(make([]byte, 0, len(m.raw)), m.raw...)
		m.owned = true
	}
	m.value, m.decoded = nil, false // It may be much larger.
	m.guessed = false               // Others come in between.
}

// expire ends the message.
func (m *Message) expire(poison bool) {
	if poison {
		clear(m.raw)
	}
	m.raw, m.value, m.decoded = nil, nil, false
	if m.handle != nil && !m.taken {
		_ = m.handle.Close() // Nobody has used it, so nothing can be lost.
	}
	m.handle = nil
}
