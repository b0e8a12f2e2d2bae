// Package http1 parses messages of HTTP/1 from bytes that come in pieces of any size, as strictly
// as Node does.
package http1

import (
	"bytes"
	"slices"
)

// Event is a result of [Parser.Next].
type Event int

// The library in JavaScript has the same numbers in internal/http/parser.js.
const (
	More    Event = iota // nothing yet: call Next with the following bytes
	Head                 // a head, which [Parser.Head] returns; call [Parser.Begin]
	Body                 // the consumed bytes belong to the body
	Message              // the end of a message, whose trailers [Parser.Trailers] returns
	Upgrade              // the end of a message, after which another protocol follows
)

// MessageHead is the head of a message. A request has Method and URL, a response Status and Reason.
type MessageHead struct {
	Method, URL  string
	Status       int
	Reason       string
	Major, Minor int
	Headers      []string // names and values in turn
	Upgrade      bool     // another protocol may follow
	KeepAlive    bool     // another message may follow
}

// Error is the error of an invalid message. Code and Reason are those of Node's parser.
type Error struct{ Code, Reason string }

func (e *Error) Error() string { return "Parse Error: " + e.Reason }

// Options are the settings of a [Parser].
type Options struct {
	Request bool // parse requests; false: responses
	Limit   int  // the most bytes of a head, or of trailers
	Lenient bool // accept some ambiguous messages
}

// Parser parses the messages of one connection. It must be used by one goroutine at a time.
type Parser struct {
	o         Options
	state     state
	line      []byte // the beginning of an incomplete line
	size      int    // bytes of this head's lines so far
	left      uint64 // remaining bytes of the body or the chunk
	err       *Error // the first error; nil: none
	badOffset int    // offset of err in the argument of Next; 0: its end

	head     MessageHead
	trailers []string
	framing  framing
	upgraded bool
}

type state int

const (
	firstLine state = iota
	headers
	awaitBegin
	sized
	untilEnd
	chunkSize
	chunk
	chunkEnd
	trailers
	closed // the last message has ended; more bytes are an error
	dead
)

// maxExtensions bounds the extensions of a chunk: bytes, as in Node.
const maxExtensions = 16 << 10

// maxChunkSize bounds the line of a chunk's size without its extensions: bytes.
const maxChunkSize = 1 << 10

// New returns a parser.
func New(o Options) *Parser { return &Parser{o: o} }

// Head returns the head that Next has found. It is valid until the next call of Next.
func (p *Parser) Head() *MessageHead { return &p.head }

// Trailers returns the headers after the body of the message that has ended.
func (p *Parser) Trailers() []string { return p.trailers }

// Idle reports whether the parser is between messages.
func (p *Parser) Idle() bool { return p.state == firstLine && len(p.line) == 0 || p.state == closed }

// Next parses b, and returns one event and the number of consumed bytes. After an error, which is
// an [*Error], every call returns it.
func (p *Parser) Next(b []byte) (e Event, n int, err error) {
	if p.err != nil {
		return More, 0, p.err
	}
	switch p.state {
	case awaitBegin:
		return p.beginBody()
	case sized, chunk:
		if len(b) == 0 {
			return More, 0, nil
		}
		n = int(min(p.left, uint64(len(b))))
		if p.left -= uint64(n); p.left == 0 {
			if p.state == chunk {
				p.state = chunkEnd
			} else {
				p.state = awaitBegin // The event of the end comes from beginBody.
				p.framing.done = true
			}
		}
		return Body, n, nil
	case untilEnd:
		if len(b) == 0 {
			return More, 0, nil
		}
		return Body, len(b), nil
	case closed:
		for n < len(b) && (b[n] == '\r' || b[n] == '\n') {
			n++
		}
		if n < len(b) {
			return More, n, p.fail("HPE_CLOSED_CONNECTION", "Data after `Connection: close`")
		}
		return More, len(b), nil
	}
	return p.lines(b)
}

// lines parses lines until there is an event.
func (p *Parser) lines(b []byte) (e Event, n int, err error) {
	for n < len(b) {
		if p.state == firstLine && len(p.line) == 0 && (b[n] == '\r' || b[n] == '\n') {
			n++ // Empty lines before a message are skipped.
			continue
		}
		end := bytes.IndexByte(b[n:], '\n')
		if end < 0 {
			p.line = append(p.line, b[n:]...)
			err := p.checkBeginning()
			if err != nil && p.badOffset > 0 {
				return More, min(n+p.badOffset, len(b)), err
			}
			return More, len(b), err
		}
		before := n
		line := b[n : n+end]
		n += end + 1
		if len(p.line) > 0 {
			p.line = append(p.line, line...)
			line = p.line
		}
		e, err := p.takeLine(line)
		p.line = p.line[:0]
		if err != nil && p.badOffset > 0 {
			return e, min(before+p.badOffset, n), err
		}
		if err != nil || e != More || p.state == chunk {
			return e, n, err
		}
	}
	return More, n, nil
}

// checkBeginning checks an incomplete line, so that an invalid line is refused early and a long one
// is not kept.
func (p *Parser) checkBeginning() error {
	if p.state == chunkSize || p.state == chunkEnd {
		if p.state == chunkEnd && len(p.line) > 1 {
			return p.fail("HPE_STRICT", "Expected LF after chunk data")
		}
		if len(p.line) > maxExtensions+maxChunkSize {
			return p.fail("HPE_CHUNK_EXTENSIONS_OVERFLOW", "Chunk extensions overflow")
		}
		return nil
	}
	if p.state == firstLine {
		if err := p.checkStart(p.line); err != nil {
			return err
		}
	}
	beside := len(": ") // Bytes that do not count.
	if p.state == firstLine {
		beside = len("UNSUBSCRIBE  HTTP/1.1")
	}
	if p.size+len(p.line)-beside >= p.o.Limit {
		return p.fail("HPE_HEADER_OVERFLOW", "Header overflow")
	}
	if i := bytes.IndexByte(p.line, '\r'); i >= 0 && i < len(p.line)-1 && !p.o.Lenient {
		return p.fail("HPE_LF_EXPECTED", "Missing expected LF after header value")
	}
	return nil
}

// takeLine parses a line without its line feed.
func (p *Parser) takeLine(line []byte) (Event, error) {
	hasCR := len(line) > 0 && line[len(line)-1] == '\r'
	if hasCR {
		line = line[:len(line)-1]
	}
	if p.state == chunkEnd {
		if len(line) > 0 || !hasCR && !p.o.Lenient {
			return More, p.fail("HPE_STRICT", "Expected LF after chunk data")
		}
		p.state = chunkSize
		return More, nil
	}
	if p.state == firstLine {
		if err := p.checkStart(line); err != nil {
			return More, err
		}
	}
	if bytes.IndexByte(line, '\r') >= 0 && !p.o.Lenient {
		return More, p.fail("HPE_LF_EXPECTED", "Missing expected LF after header value")
	}
	if !hasCR && !p.o.Lenient {
		return More, p.missingCR(line)
	}
	switch p.state {
	case firstLine:
		p.head = MessageHead{Headers: p.head.Headers[:0]}
		p.trailers, p.framing, p.size, p.upgraded = nil, framing{}, 0, false
		p.state = headers
		if p.o.Request {
			return More, p.requestLine(line)
		}
		return More, p.statusLine(line)
	case chunkSize:
		return More, p.sizeLine(line)
	case trailers:
		if len(line) == 0 {
			return p.endMessage()
		}
		var err error
		p.trailers, err = p.headerLine(p.trailers, line)
		return More, err
	}
	if len(line) > 0 {
		var err error
		p.head.Headers, err = p.headerLine(p.head.Headers, line)
		return More, err
	}
	if err := p.readFraming(); err != nil {
		return More, err
	}
	p.state = awaitBegin
	return Head, nil
}

// missingCR returns the error of a line that ends with a line feed alone.
func (p *Parser) missingCR(line []byte) error {
	switch {
	case p.state == firstLine && p.o.Request:
		return p.fail("HPE_INVALID_VERSION", "Expected CRLF after version")
	case p.state == firstLine:
		return p.fail("HPE_CR_EXPECTED", "Missing expected CR after response line")
	case p.state != chunkSize:
		return p.fail("HPE_CR_EXPECTED", "Missing expected CR after header value")
	case bytes.IndexByte(line, ';') >= 0:
		return p.fail("HPE_CR_EXPECTED", "Missing expected CR after chunk extension name")
	}
	return p.fail("HPE_CR_EXPECTED", "Missing expected CR after chunk size")
}

// grow counts n bytes of a head.
func (p *Parser) grow(n int) error {
	if p.size += n; p.size >= p.o.Limit {
		return p.fail("HPE_HEADER_OVERFLOW", "Header overflow")
	}
	return nil
}

// headerLine adds a line to a list of headers.
func (p *Parser) headerLine(list []string, line []byte) ([]string, error) {
	if err := p.grow(len(line) - len(":")); err != nil {
		return list, err
	}
	if line[0] == ' ' || line[0] == '\t' { // The continuation of the line before.
		if len(list) == 0 {
			return list, p.fail("HPE_UNEXPECTED_SPACE", "Unexpected space after start line")
		}
		name, value := list[len(list)-2], list[len(list)-1]
		if !p.o.Lenient || equalFold(name, "content-length") || equalFold(name, "transfer-encoding") {
			return list, p.fail("HPE_INVALID_HEADER_TOKEN", "Unexpected whitespace after header value")
		}
		if value != "" {
			value += " "
		}
		return p.setLast(list, value, bytes.Trim(line, " \t"))
	}
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || !isToken(line[:colon]) {
		return list, p.fail("HPE_INVALID_HEADER_TOKEN", "Invalid header token")
	}
	list = append(list, string(line[:colon]), "")
	return p.setLast(list, "", bytes.Trim(line[colon+1:], " \t"))
}

func (p *Parser) setLast(list []string, before string, value []byte) ([]string, error) {
	if !p.o.Lenient && slices.ContainsFunc(value, func(c byte) bool {
		return c < ' ' && c != '\t' || c == 0x7f
	}) || bytes.IndexByte(value, 0) >= 0 {
		return list, p.fail("HPE_INVALID_HEADER_TOKEN", "Invalid header value char")
	}
	list[len(list)-1] = before + latin1(value)
	return list, nil
}

// latin1 decodes Latin-1.
func latin1(b []byte) string {
	if !slices.ContainsFunc(b, func(c byte) bool { return c >= 0x80 }) {
		return string(b)
	}
	text := make([]rune, len(b))
	for i, c := range b {
		text[i] = rune(c)
	}
	return string(text)
}

// Finish must be called at the end of the connection. It returns Message if the body ends there,
// and an [*Error] if a message is incomplete.
func (p *Parser) Finish() (Event, error) {
	switch {
	case p.state == untilEnd:
		return p.endMessage()
	case p.Idle() || p.state == dead: // Next has returned the error.
		return More, nil
	}
	return More, p.fail("HPE_INVALID_EOF_STATE", "Invalid EOF state")
}

// fail records and returns the parser's error.
func (p *Parser) fail(code, reason string) error {
	p.err = &Error{code, reason}
	p.state = dead
	return p.err
}
