// Package shelltext puts references to values into the text of a command for a POSIX shell.
//
// The values never become part of the text. They are the shell's positional parameters, which the
// text first moves to variables and then refers to, so no value is read as anything but data,
// whatever it contains and wherever it stands. The package reads the text only to find out how a
// reference must be written: with quotes of its own, or without.
//
// All functions are safe to call from any goroutine.
package shelltext

import (
	"errors"
	"strings"
)

// Place is the way in which a value is referred to.
type Place uint8

// The places.
const (
	// a word or a part of one, in double quotes of its own; several values are several words
	Word   Place = iota
	Inside       // in double quotes or a here-document
	// in arithmetic, where the shell evaluates a value as an expression: it must be a number
	Number
)

var (
	errBackslash = errors.New("has a backslash in front of a value, which would change what the value's quotes mean")
	errDelimiter = errors.New("has a value in the delimiter of a here-document")
	errQuotedDoc = errors.New("has a value in a here-document whose delimiter is quoted: the shell expands nothing there")
)

// Parse parses a command that consists of pieces, with a value after each but the last. It returns
// the pieces between which references can be put, and the places of the values. Its errors begin
// with a verb, whose subject is the command.
func Parse(pieces []string) (out []string, places []Place, err error) {
	p := &parser{frames: []frame{{kind: command, first: true}}, atStart: true}
	for i, piece := range pieces {
		p.out.WriteString(p.prefix)
		p.prefix = ""
		last := i == len(pieces)-1
		if err := p.read(piece, last); err != nil {
			return nil, nil, err
		}
		if !last {
			place, err := p.value()
			if err != nil {
				return nil, nil, err
			}
			places = append(places, place)
		}
		out = append(out, p.out.String())
		p.out.Reset()
	}
	return out, places, nil
}

// kind is the part of the shell's grammar that the text is in.
type kind uint8

const (
	command   kind = iota // commands
	double                // "…"
	single                // '…'
	ansi                  // $'…'
	parameter             // ${…}
	arith                 // $((…)), ((…))
	comment               // # … to the end of the line
	document              // a here-document
)

// frame is one of the nested parts that the text is in.
type frame struct {
	kind     kind
	closer   byte // command: ')' or '`'; 0: the outermost one
	depth    int  // arithmetic: open parentheses
	quoted   bool // a parameter in double quotes; a document with a quoted delimiter
	cases    int  // command: number of "case" without "esac"; if > 0, ")" ends a pattern
	first    bool // command: the next word is the first of a command
	pattern  bool // command: the next word begins a pattern of a case, or is "esac"
	isInWord bool // command: it is an expansion, which is part of a word
	doc      heredoc
}

// heredoc is a here-document that has begun, or begins after the line.
type heredoc struct {
	delimiter string
	tabs      bool // leading tabs are removed
	quoted    bool
}

// parser is the state of one Parse. frames is never empty; its last element is the innermost part.
type parser struct {
	frames  []frame
	pending []heredoc       // here-documents that begin after the line
	word    strings.Builder // the current word of a command, so far
	atStart bool            // a word can begin here, so "#" begins a comment
	newLine bool            // a line of a here-document begins here
	escaped bool            // the piece ends with a backslash
	dollar  bool            // the piece ends with a "$" that stands for itself
	out     strings.Builder
	prefix  string // text to put before the next piece
}

func (p *parser) top() *frame { return &p.frames[len(p.frames)-1] }

func (p *parser) push(f frame) {
	p.frames = append(p.frames, f)
	if f.kind == command {
		p.atStart = true
		p.word.Reset()
	}
}

func (p *parser) pop() { p.frames = p.frames[:len(p.frames)-1] }

// read parses a piece, and writes it to out.
func (p *parser) read(text string, last bool) error {
	p.escaped, p.dollar = false, false
	p.out.WriteString(text)
	for i := 0; i < len(text); {
		n, err := p.step(text[i:], last)
		if err != nil {
			return err
		}
		i += n
	}
	return nil
}

// step parses the first token of text, and returns its length in bytes.
func (p *parser) step(text string, last bool) (n int, err error) {
	c := text[0]
	if c == '`' && p.endBackquote() {
		return 1, nil
	}
	f := p.top()
	if f.kind == document {
		if p.newLine {
			p.newLine = false
			if n, ok := f.doc.matchDelimiter(text, last); ok {
				p.pop()
				p.nextDocument()
				return n, nil
			}
		}
		p.newLine = c == '\n'
		if f.quoted {
			return 1, nil
		}
	}
	switch f.kind {
	case single:
		if c == '\'' {
			p.pop()
		}
		return 1, nil
	case comment:
		if c != '\n' {
			return 1, nil
		}
		p.pop()
		f = p.top()
	}
	switch c {
	case '\\':
		if p.escaped = len(text) == 1; p.escaped {
			return 1, nil
		}
		p.addToWord(f, '\\')
		return 2, nil // In a document as well, a backslash joins a line with the next.
	case '$':
		if n := p.expansion(text, f); n > 0 {
			return n, nil
		}
		p.dollar = len(text) == 1
		p.addToWord(f, c)
		return 1, nil
	case '`':
		p.push(frame{kind: command, closer: '`', first: true})
		return 1, nil
	}
	switch f.kind {
	case ansi:
		if c == '\'' {
			p.pop()
		}
	case double:
		if c == '"' {
			p.pop()
		}
	case parameter:
		p.inParameter(c, f)
	case arith:
		return p.inArithmetic(text, f), nil
	case command:
		return p.inCommand(text, f, last)
	}
	return 1, nil
}

// endBackquote ends a `…` substitution if the text is in one: no quoting in it hides its end from
// the shell.
func (p *parser) endBackquote() bool {
	for i := len(p.frames) - 1; i > 0; i-- {
		if p.frames[i].closer == '`' {
			p.frames = p.frames[:i]
			p.atStart = false
			return true
		}
	}
	return false
}

// expansion parses the beginning of an expansion and returns its length, 0 if "$" stands for
// itself.
func (p *parser) expansion(text string, f *frame) int {
	inQuotes := f.kind == double || f.kind == document || f.kind == parameter && f.quoted
	switch rest := text[1:]; {
	case f.kind == ansi:
	case strings.HasPrefix(rest, "(("):
		p.push(frame{kind: arith, depth: 2})
		return 3
	case strings.HasPrefix(rest, "("):
		p.addToWord(f, '$')
		p.push(frame{kind: command, closer: ')', first: true, isInWord: true})
		return 2
	case strings.HasPrefix(rest, "{"):
		p.addToWord(f, '$')
		p.push(frame{kind: parameter, quoted: inQuotes})
		return 2
	case strings.HasPrefix(rest, "'") && !inQuotes && f.kind != arith:
		p.addToWord(f, '$')
		p.push(frame{kind: ansi})
		return 2
	case rest != "" && strings.IndexByte("$!?#@*-0123456789", rest[0]) >= 0:
		p.addToWord(f, '$')
		return 2
	}
	return 0
}

// inParameter parses a byte of ${…}.
func (p *parser) inParameter(c byte, f *frame) {
	switch {
	case c == '}':
		p.pop()
	case c == '"':
		p.push(frame{kind: double})
	case c == '\'' && !f.quoted:
		p.push(frame{kind: single})
	}
}

// inArithmetic parses a byte of $((…)).
func (p *parser) inArithmetic(text string, f *frame) int {
	switch text[0] {
	case '(':
		f.depth++
	case ')':
		if f.depth--; f.depth == 0 {
			p.pop()
		}
	}
	return 1
}

// inCommand parses a token where commands stand.
func (p *parser) inCommand(text string, f *frame, last bool) (int, error) {
	c := text[0]
	switch c {
	case '\'', '"':
		p.addToWord(f, c)
		kind := single
		if c == '"' {
			kind = double
		}
		p.push(frame{kind: kind})
		return 1, nil
	case '#':
		if p.atStart {
			p.push(frame{kind: comment})
			return 1, nil
		}
	case ' ', '\t':
		p.endWord(f)
		return 1, nil
	case '\n':
		p.endWord(f)
		f.first = true
		p.nextDocument()
		return 1, nil
	case ';', '&', '|':
		p.endWord(f)
		f.first = true
		f.pattern = f.pattern || f.cases > 0 && c == ';' && strings.HasPrefix(text, ";;")
		return 1, nil
	case '(':
		p.endWord(f)
		if strings.HasPrefix(text, "((") && f.first {
			p.push(frame{kind: arith, depth: 2})
			return 2, nil
		}
		if f.pattern {
			return 1, nil // It precedes a pattern.
		}
		p.push(frame{kind: command, closer: ')', first: true})
		return 1, nil
	case ')':
		p.endWord(f)
		switch {
		case f.cases > 0:
			f.first, f.pattern = true, false
		case f.closer == ')':
			inWord := f.isInWord
			p.pop()
			p.atStart = p.top().kind == command && !inWord
		}
		return 1, nil
	case '<', '>':
		p.endWord(f)
		if strings.HasPrefix(text, "<<<") {
			return 3, nil
		}
		if strings.HasPrefix(text, "<<") {
			return p.beginDocument(text, last)
		}
		if strings.HasPrefix(text[1:], "(") { // bash: <(…)
			p.push(frame{kind: command, closer: ')', first: true})
			return 2, nil
		}
		return 1, nil
	}
	p.addToWord(f, c)
	return 1, nil
}

// addToWord notes that a byte belongs to a word.
func (p *parser) addToWord(f *frame, c byte) {
	if f.kind == command {
		p.atStart = false
		p.word.WriteByte(c)
	}
}

// endWord ends the current word. Reserved words count at the beginning of a command.
func (p *parser) endWord(f *frame) {
	word := p.word.String()
	p.word.Reset()
	p.atStart = true
	if word == "" {
		return
	}
	switch {
	case f.pattern && word == "esac", f.first && word == "esac":
		f.cases = max(0, f.cases-1)
		f.first, f.pattern = false, false
	case f.first && word == "case":
		f.cases++
		f.first = false
	case f.cases > 0 && word == "in" && !f.first:
		f.pattern = true
	case f.first && leads(word):
	default:
		f.first = false
	}
}

// leads reports whether a command follows a reserved word.
func leads(word string) bool {
	switch word {
	case "if", "then", "elif", "else", "while", "until", "do", "!", "{", "time":
		return true
	}
	return false
}

// beginDocument parses "<<" and the delimiter.
func (p *parser) beginDocument(text string, last bool) (int, error) {
	i := len("<<")
	var doc heredoc
	if strings.HasPrefix(text[i:], "-") {
		doc.tabs = true
		i++
	}
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	var word strings.Builder
	var quote byte
	for ; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == '\'':
			word.WriteByte(c)
		case c == '\\' && i+1 < len(text):
			doc.quoted = true
			i++
			word.WriteByte(text[i])
		case quote == 0 && (c == '\'' || c == '"'):
			doc.quoted = true
			quote = c
		case quote == 0 && strings.IndexByte(" \t\n;&|<>()", c) >= 0:
			doc.delimiter = word.String()
			p.pending = append(p.pending, doc)
			return i, nil
		default:
			word.WriteByte(c)
		}
	}
	if !last {
		return 0, errDelimiter
	}
	return i, nil
}

// nextDocument begins the next here-document after a line.
func (p *parser) nextDocument() {
	if len(p.pending) == 0 {
		return
	}
	doc := p.pending[0]
	p.pending = p.pending[1:]
	p.push(frame{kind: document, quoted: doc.quoted, doc: doc})
	p.newLine = true
}

// matchDelimiter reports whether a line is the delimiter, and returns the line's length.
func (d *heredoc) matchDelimiter(text string, last bool) (n int, ok bool) {
	line, _, whole := strings.Cut(text, "\n")
	if !whole && !last {
		return 0, false
	}
	n = len(line)
	if d.tabs {
		line = strings.TrimLeft(line, "\t")
	}
	if line != d.delimiter {
		return 0, false
	}
	if whole {
		n++
	}
	return n, true
}

// value returns the place of a value that stands here. Quotes that must be closed for it are opened
// again in the next piece.
func (p *parser) value() (Place, error) {
	if p.escaped {
		return 0, errBackslash
	}
	f := p.top()
	if p.dollar && f.kind != single && f.kind != ansi { // It would become part of the reference.
		text := p.out.String()
		p.out.Reset()
		p.out.WriteString(text[:len(text)-1] + `\$`)
	}
	p.newLine = false
	switch f.kind {
	case command:
		p.addToWord(f, '$')
		return Word, nil
	case single, ansi:
		p.out.WriteString("'")
		if p.prefix = "'"; f.kind == ansi {
			p.prefix = "$'"
		}
		return Word, nil
	case parameter:
		if !f.quoted {
			return Word, nil
		}
	case arith:
		return Number, nil
	case document:
		if f.quoted {
			return 0, errQuotedDoc
		}
	}
	return Inside, nil
}
