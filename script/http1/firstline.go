package http1

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// Methods are the methods that Node's parser knows, in the order of their numbers.
var Methods = []string{
	"DELETE", "GET", "HEAD", "POST", "PUT", "CONNECT", "OPTIONS", "TRACE", "COPY", "LOCK", "MKCOL", "MOVE", "PROPFIND",
	"PROPPATCH", "SEARCH",
	"UNLOCK", "BIND", "REBIND", "UNBIND", "ACL", "REPORT", "MKACTIVITY", "CHECKOUT", "MERGE", "M-SEARCH", "NOTIFY",
	"SUBSCRIBE", "UNSUBSCRIBE",
	"PATCH", "PURGE", "MKCALENDAR", "LINK", "UNLINK", "SOURCE", "QUERY",
}

// http2Method is the first word of a connection of HTTP/2.
const http2Method = "PRI"

// checkStart checks the first bytes of a message.
func (p *Parser) checkStart(line []byte) error {
	if !p.o.Request {
		if n := min(len(line), len("HTTP/")); string(line[:n]) != "HTTP/"[:n] {
			return p.fail("HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/")
		}
		return nil
	}
	method, _, whole := bytes.Cut(line, []byte{' '})
	may := func(m string) bool { return m == string(method) || !whole && strings.HasPrefix(m, string(method)) }
	if !slices.ContainsFunc(Methods, may) && !may(http2Method) {
		p.badOffset = badMethod(method)
		return p.fail("HPE_INVALID_METHOD", "Invalid method encountered")
	}
	return nil
}

// badMethod returns the length of the part of method that some method begins with, at least 1.
func badMethod(method []byte) int {
	longest := 1
	for _, m := range Methods {
		n := 0
		for n < min(len(m), len(method)) && m[n] == method[n] {
			n++
		}
		longest = max(longest, n)
	}
	return longest
}

func (p *Parser) requestLine(line []byte) error {
	method, rest, _ := bytes.Cut(line, []byte{' '})
	url, version, found := bytes.Cut(bytes.TrimLeft(rest, " "), []byte{' '})
	if len(url) == 0 || slices.ContainsFunc(url, func(c byte) bool { return c < '!' || c >= 0x7f && !p.o.Lenient }) {
		return p.fail("HPE_INVALID_URL", "Invalid char in url path")
	}
	if err := p.grow(len(url)); err != nil {
		return err
	}
	p.head.Method, p.head.URL = string(method), latin1(url)
	switch {
	case string(method) == http2Method && string(version) == "HTTP/2.0":
		return p.fail("HPE_PAUSED_H2_UPGRADE", "Pause on PRI/Upgrade")
	case string(method) == http2Method:
		return p.fail("HPE_INVALID_METHOD", "Invalid method encountered")
	case !found: // A request of HTTP/0.9.
		p.head.Minor = 9
		return nil
	case !bytes.HasPrefix(version, []byte("HTTP/")):
		return p.fail("HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/")
	}
	return p.version(version)
}

func (p *Parser) statusLine(line []byte) error {
	version, rest, _ := bytes.Cut(line, []byte{' '})
	if err := p.version(version); err != nil {
		return err
	}
	status, reason, _ := bytes.Cut(rest, []byte{' '})
	n, err := strconv.Atoi(string(status))
	if err != nil || len(status) != 3 || n < 100 {
		return p.fail("HPE_INVALID_STATUS", "Invalid status code")
	}
	if slices.ContainsFunc(reason, func(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
		return p.fail("HPE_INVALID_CONSTANT", "Invalid response reason")
	}
	p.head.Status, p.head.Reason = n, latin1(reason)
	return p.grow(len(reason))
}

// version parses the version of a first line.
func (p *Parser) version(text []byte) error {
	switch string(text) {
	case "HTTP/0.9":
		p.head.Minor = 9
	case "HTTP/1.0":
		p.head.Major = 1
	case "HTTP/1.1":
		p.head.Major, p.head.Minor = 1, 1
	case "HTTP/2.0":
		p.head.Major = 2
	default:
		if p.o.Request && bytes.HasSuffix(text, []byte{' '}) {
			return p.fail("HPE_INVALID_VERSION", "Expected CRLF after version")
		}
		return p.fail("HPE_INVALID_VERSION", "Invalid HTTP version")
	}
	return nil
}

func isToken(name []byte) bool {
	for _, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return true
}
