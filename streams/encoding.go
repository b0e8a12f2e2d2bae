package streams

import (
	"strconv"
	"strings"
)

// An Encoding is a way to write text as bytes, or bytes as text. Names and meaning are Node's (Node
// v20 documentation, "Buffers and character encodings"). The zero value is UTF8.
type Encoding uint8

const (
	// UTF8 is UTF-8. Invalid bytes become U+FFFD.
	UTF8 Encoding = iota

	// UTF16LE is UTF-16, little-endian, without a byte order mark. A lone surrogate becomes U+FFFD,
	// because UTF-8 cannot express it as a string of JavaScript can. Half a code unit at the end is
	// dropped.
	UTF16LE

	// Latin1 is one byte for each of U+0000 to U+00FF. Encode takes the low byte of other code
	// units.
	Latin1

	// ASCII is Latin1, but Decode clears the highest bit of each byte.
	ASCII

	// Hex is two lower-case hexadecimal digits for each byte.
	Hex

	// Base64 is base64 with padding (RFC 4648, section 4).
	Base64

	// Base64URL is base64 with the alphabet for URLs and without padding (RFC 4648, section 5).
	Base64URL
)

var encodingNames = [...]string{
	UTF8: "utf8", UTF16LE: "utf16le", Latin1: "latin1", ASCII: "ascii", Hex: "hex", Base64: "base64", Base64URL: "base64url",
}

// String returns Node's name of the encoding, such as "utf16le".
func (e Encoding) String() string {
	if e.Valid() {
		return encodingNames[e]
	}
	return "Encoding(" + strconv.Itoa(int(e)) + ")"
}

// Valid reports whether e is one of the constants.
func (e Encoding) Valid() bool { return int(e) < len(encodingNames) }

// ParseEncoding returns the encoding with one of Node's names, in upper or lower case: "utf8" or
// "utf-8", "utf16le", "utf-16le", "ucs2" or "ucs-2", "latin1" or "binary", "ascii", "hex",
// "base64", "base64url". For any other name the error is an *[EncodingError].
//
// Safe to call from any goroutine.
func ParseEncoding(name string) (Encoding, error) {
	switch lower := strings.ToLower(name); lower {
	case "utf-8":
		return UTF8, nil
	case "utf-16le", "ucs2", "ucs-2":
		return UTF16LE, nil
	case "binary":
		return Latin1, nil
	default:
		for e, known := range encodingNames {
			if lower == known {
				return Encoding(e), nil
			}
		}
	}
	return 0, &EncodingError{Name: name}
}

// An EncodingError says that a name is not the name of an encoding.
type EncodingError struct {
	Name string // the argument of ParseEncoding
}

// Error returns a text such as `streams: unknown encoding "utf-7"`.
func (e *EncodingError) Error() string { return "streams: unknown encoding " + strconv.Quote(e.Name) }

// Decode returns the text of p, as Node's buffer.toString(encoding) does.
//
// Safe to call from any goroutine.
func (e Encoding) Decode(p []byte) string {
	if e == UTF8 {
		return validText(p)
	}
	return e.codec().decode(p)
}

// Encode returns the bytes of s, which the caller may keep, as Node's Buffer.from(s, encoding)
// does. It never fails. With Hex, the first pair that is not two digits ends s. With Base64 and
// Base64URL, which both accept both alphabets, a '=' ends s, and other characters that are no
// digits are skipped. (For characters over U+00FF Node v20 takes the low byte there, which may be a
// digit.) UTF8 takes s as it is.
//
// Safe to call from any goroutine.
func (e Encoding) Encode(s string) []byte {
	if e == UTF8 {
		return []byte(s)
	}
	return e.codec().encode(s)
}

// SetEncoding makes OnText decode with e from the next chunk on. A character that the last chunk
// has cut off is dropped, so call SetEncoding before the first chunk. OnData, OnLine and Lines do
// not change. It panics if e is none of the constants.
func (r *Readable) SetEncoding(e Encoding) {
	if !e.Valid() {
		panic("streams: SetEncoding: " + e.String())
	}
	r.decoder = textDecoder{encoding: e}
}
