package http1

import (
	"bytes"
	"strings"
)

// framing describes how the end of a message's body is found.
type framing struct {
	hasLength bool
	length    uint64
	encoded   bool // a transfer coding is named
	chunked   bool
	skip      bool // there is no body, whatever the headers say
	done      bool // all of the body was consumed
}

// equalFold reports whether name is other, which is in lower case.
func equalFold(name, other string) bool {
	return len(name) == len(other) && strings.EqualFold(name, other)
}

// readFraming reads the headers that say where the message ends.
func (p *Parser) readFraming() error {
	f := &p.framing
	var hasUpgrade, upgrades, closes, keeps bool
	h := p.head.Headers
	for i := 0; i < len(h); i += 2 {
		name, value := h[i], h[i+1]
		switch {
		case equalFold(name, "content-length"):
			if f.encoded && !p.o.Lenient {
				return p.fail("HPE_INVALID_CONTENT_LENGTH", "Content-Length can't be present with Transfer-Encoding")
			}
			if f.hasLength {
				return p.fail("HPE_UNEXPECTED_CONTENT_LENGTH", "Duplicate Content-Length")
			}
			if err := p.contentLength(value); err != nil {
				return err
			}
		case equalFold(name, "transfer-encoding"):
			if f.hasLength && !p.o.Lenient {
				return p.fail("HPE_INVALID_TRANSFER_ENCODING", "Transfer-Encoding can't be present with Content-Length")
			}
			if f.chunked && !p.o.Lenient { // Only the last coding may be chunked.
				return p.fail("HPE_INVALID_TRANSFER_ENCODING", "Invalid `Transfer-Encoding` header value")
			}
			codings := tokens(value)
			f.encoded = true
			f.chunked = codings[len(codings)-1] == "chunked"
			for _, coding := range codings[:len(codings)-1] {
				if coding == "chunked" && !p.o.Lenient {
					return p.fail("HPE_INVALID_TRANSFER_ENCODING", "Invalid `Transfer-Encoding` header value")
				}
			}
		case equalFold(name, "connection"):
			for _, word := range tokens(value) {
				closes = closes || word == "close"
				keeps = keeps || word == "keep-alive"
				upgrades = upgrades || word == "upgrade"
			}
		case equalFold(name, "upgrade"):
			hasUpgrade = true
		}
	}
	head := &p.head
	if hasUpgrade && upgrades {
		head.Upgrade = p.o.Request || head.Status == 101
	} else {
		head.Upgrade = head.Method == "CONNECT"
	}
	head.KeepAlive = !closes && (head.Major > 0 && head.Minor > 0 || keeps)
	if !p.o.Request && p.endsWithConnection() {
		head.KeepAlive = false
	}
	return nil
}

// endsWithConnection reports whether a response's body ends only with the connection.
func (p *Parser) endsWithConnection() bool {
	s := p.head.Status
	return s >= 200 && s != 204 && s != 304 && !p.framing.chunked && !p.framing.hasLength
}

func tokens(value string) []string {
	words := strings.Split(strings.ToLower(value), ",")
	for i, word := range words {
		words[i] = strings.Trim(word, " \t")
	}
	return words
}

func (p *Parser) contentLength(value string) error {
	if value == "" {
		return p.fail("HPE_INVALID_CONTENT_LENGTH", "Empty Content-Length")
	}
	f := &p.framing
	f.hasLength = true
	for _, c := range []byte(value) {
		if c < '0' || c > '9' {
			return p.fail("HPE_INVALID_CONTENT_LENGTH", "Invalid character in Content-Length")
		}
		next := f.length*10 + uint64(c-'0')
		if f.length > 1<<63/10 || next < f.length {
			return p.fail("HPE_INVALID_CONTENT_LENGTH", "Content-Length overflow")
		}
		f.length = next
	}
	return nil
}

// Arguments of [Parser.Begin]. The library has the same numbers.
const (
	AsSaid    = iota // a body, if the head has one
	NoBody           // no body
	Otherwise        // no body, and then another protocol
)

// Begin says what follows the head that [Parser.Next] has returned: AsSaid, NoBody or Otherwise.
// Without it AsSaid holds.
func (p *Parser) Begin(how int) {
	p.framing.skip = how != AsSaid
	p.upgraded = how == Otherwise
}

// beginBody starts the part after a head, or ends a body with a length.
func (p *Parser) beginBody() (Event, int, error) {
	f := &p.framing
	if f.done || p.upgraded || f.skip {
		e, err := p.endMessage()
		return e, 0, err
	}
	s := p.head.Status
	switch {
	case !p.o.Request && (s < 200 || s == 204 || s == 304):
		e, err := p.endMessage()
		return e, 0, err
	case p.o.Request && f.encoded && !f.chunked && !p.o.Lenient:
		return More, 0, p.fail("HPE_INVALID_TRANSFER_ENCODING", "Request has invalid `Transfer-Encoding`")
	case f.chunked:
		p.state = chunkSize
	case f.hasLength && f.length > 0 && !f.encoded:
		p.left, p.state = f.length, sized
	case p.o.Request && !f.encoded || f.hasLength:
		e, err := p.endMessage()
		return e, 0, err
	default:
		p.state = untilEnd
	}
	return More, 0, nil
}

// endMessage ends a message.
func (p *Parser) endMessage() (Event, error) {
	switch {
	case p.upgraded:
		p.state = dead
		return Upgrade, nil
	case p.o.Request && !p.head.KeepAlive && !p.o.Lenient, p.state == untilEnd:
		p.state = closed
	default:
		p.state = firstLine
	}
	p.size = 0
	return Message, nil
}

// sizeLine parses the line before a chunk.
func (p *Parser) sizeLine(line []byte) error {
	size, extension, has := bytes.Cut(line, []byte{';'})
	if has {
		if len(extension) > maxExtensions {
			return p.fail("HPE_CHUNK_EXTENSIONS_OVERFLOW", "Chunk extensions overflow")
		}
		for _, c := range extension {
			if c < ' ' && c != '\t' || c == 0x7f {
				return p.fail("HPE_STRICT", "Invalid character in chunk extensions")
			}
		}
	}
	if p.o.Lenient {
		size = bytes.TrimRight(size, " \t")
	}
	if len(size) == 0 {
		return p.fail("HPE_INVALID_CHUNK_SIZE", "Invalid character in chunk size")
	}
	p.left = 0
	for _, c := range size {
		digit := bytes.IndexByte([]byte("0123456789abcdef"), c|0x20)
		if digit < 0 || c < '0' {
			return p.fail("HPE_INVALID_CHUNK_SIZE", "Invalid character in chunk size")
		}
		if p.left >= 1<<59 {
			return p.fail("HPE_INVALID_CHUNK_SIZE", "Chunk size overflow")
		}
		p.left = p.left<<4 | uint64(digit)
	}
	if p.state = chunk; p.left == 0 {
		p.state = trailers
	}
	return nil
}
