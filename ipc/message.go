package ipc

// A Message is one message from the peer. It, and the bytes of Raw, are valid until the callback
// that got it returns; after that its methods return [ErrMessageExpired] or nil.
//
// A Message's methods must be called on the loop goroutine.
type Message struct {
	format format
	raw    []byte // the payload of the frame, usually a part of the read buffer; nil once expired
	// Advanced: the message's place in the payload; nil: it is the whole payload
	path    *memberPath
	value   any // Advanced: the decoded message; valid while decoded is set
	decoded bool
	// not checked yet: it may be malformed, or one of Node's internal messages
	unread  bool
	guessed bool    // the format's readahead.Guess is about this message
	owned   bool    // raw is memory of its own
	taken   bool    // the user has called Handle, and owns it
	handle  *Handle // nil: none came, or the message has expired
}

// memberPath is the place of a member: in the payload, or in a member that has its own path.
type memberPath struct {
	outer *memberPath // nil: the object is the payload
	name  string
}

// Decode stores the message in the variable that v points to: JSON as json.Unmarshal does, Advanced
// as Decode of package v8. Nothing in v refers to the message afterwards.
func (m *Message) Decode(v any) error {
	if m.raw == nil {
		return ErrMessageExpired
	}
	return m.format.decode(m, v)
}

// Value returns the message as a generic value, which the caller may keep: for JSON nil, bool,
// float64, string, []any or map[string]any; for Advanced the types that package v8 lists.
func (m *Message) Value() (any, error) {
	if m.raw == nil {
		return nil, ErrMessageExpired
	}
	return m.format.value(m)
}

// Raw returns the bytes of the message, without the newline or the length of its frame. They are
// valid until the callback returns. If an Advanced message came inside another, with a handle or as
// an answer, Raw encodes it anew; it returns nil if the value cannot be written, see package v8.
func (m *Message) Raw() []byte { return m.format.raw(m) }

// Handle returns the handle that came with the message, nil if none came. From the first call on
// the caller owns it, and must convert or Close it. If Handle is not called, the handle is closed
// when the callback returns.
func (m *Message) Handle() *Handle {
	m.taken = m.handle != nil
	return m.handle
}

// keep copies the message out of the read buffer, because it has to wait.
func (m *Message) keep() {
	if !m.owned {
		m.raw = append(make([]byte, 0, len(m.raw)), m.raw...)
		m.owned = true
	}
	m.value, m.decoded = nil, false // It may take much more memory than raw.
	m.guessed = false               // Other messages are delivered before it.
}

// expire makes the message's methods return ErrMessageExpired, and closes a handle that was not
// taken. poison is hub.poison.
func (m *Message) expire(poison bool) {
	if poison {
		clear(m.raw)
	}
	m.raw, m.value, m.decoded = nil, nil, false
	if m.handle != nil && !m.taken {
		_ = m.handle.Close() // Close returns no error.
	}
	m.handle = nil
}
