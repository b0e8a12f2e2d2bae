// Package http1 reads messages of HTTP/1 from bytes that come in pieces of any size, as strictly as
// Node does.
package http1

import (
	"bytes"
	"slices"
)

// Event is what [Parser.Next] has found.
type Event int

// The library in JavaScript has the same numbers in internal/http/parser.js.
const (
	More    Event = iota // nothing yet: call Next with what follows
	Head                 // the head of a message, which [Parser.Head] is; [Parser.Begin] is due
	Body                 // what was consumed is of the body
	Message              // the message is complete; [Parser.Trailers] are its
	Upgrade              // it is, and what follows is another protocol
)

// MessageHead is how a message begins. Of a request there are Method and URL, of a response Status
// and Reason.
type MessageHead struct {
	Method, URL  string
	Status       int
	Reason       string
	Major, Minor int
	Headers      []string // names and values in turn
	Upgrade      bool     // another protocol may follow
	KeepAlive    bool     // another message may follow
}

// Error is why something is no message. Code and Reason are those of Node's parser.
type Error struct{ Code, Reason string }

func (e *Error) Error() string { return "Parse Error: " + e.Reason }

// Options are settings of a [Parser].
type Options struct {
	Request bool // it reads requests, not responses
	Limit   int  // of what a head or trailers may take: bytes
	Lenient bool // it takes some of what can be read in two ways
}

// Parser reads one connection's messages.
type Parser struct {
	o         Options
	state     state
	line      []byte // the beginning of one
	size      int    // of the lines of this head
	left      uint64 // of the body or the chunk
	err       *Error
	badOffset int // where it was found, in what Next was given: 0 for its end

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
	closed // the peer has said that this was the last message
	dead
)

// maxExtensions bounds the extensions of a chunk: bytes, Node's bound.
const maxExtensions = 16 << 10

// maxChunkSize bounds the line of a chunk's size beside its extensions: bytes.
const maxChunkSize = 1 << 10

// New returns a parser.
func New(o Options) *Parser { return &Parser{o: o} }

// Head returns the head that Next has found. It is good until the next call of Next.
func (p *Parser) Head() *MessageHead { return &p.head }

// Trailers returns the headers that came after the body of the message that is complete.
func (p *Parser) Trailers() []string { return p.trailers }

// Idle reports whether nothing of a message has come.
func (p *Parser) Idle() bool { return p.state == firstLine && len(p.line) == 0 || p.state == closed }

// Next looks at bytes, and returns one event and how many of them it has consumed. After an error
// every call returns it.
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
				p.state = awaitBegin // The event of the end comes from there.
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

// lines reads lines until there is an event.
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

// checkBeginning looks at a line that has no end yet, so that what cannot be one is refused early,
// and no line is kept that is too long.
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
	beside := len(": ") // What is not counted.
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

// takeLine takes a line, without its line feed.
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

// missingCR says that a line ends with a line feed alone.
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

// grow counts bytes of a head.
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
	if line[0] == ' ' || line[0] == '\t' { // It goes on with the line before.
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

// latin1 returns bytes as the characters of these numbers.
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

// Finish is called when nothing more comes.
func (p *Parser) Finish() (Event, error) {
	switch {
	case p.state == untilEnd:
		return p.endMessage()
	case p.Idle() || p.state == dead: // Of an error Next has told.
		return More, nil
	}
	return More, p.fail("HPE_INVALID_EOF_STATE", "Invalid EOF state")
}

func (p *Parser) fail(code, reason string) error {
	p.err = &Error{code, reason}
	p.state = dead
	return p.err
}
