package http1_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/http1"
)

// read returns the heads, bodies and ends of messages, and the error, of text in pieces of a size.
func read(p *http1.Parser, text string, piece int) []string {
	var found []string
	body := ""
	for at := 0; at < len(text); {
		b := []byte(text[at:min(len(text), at+piece)])
		e, n, err := p.Next(b)
		if err != nil {
			return append(found, fmt.Sprintf("%q", body), err.(*http1.Error).Code)
		}
		switch e {
		case http1.Head:
			h := p.Head()
			found = append(found, strings.Join(strings.Fields(fmt.Sprintln(h.Method, h.URL, h.Status, h.Reason, h.Headers,
				h.KeepAlive, h.Upgrade)), " "))
			if h.Upgrade {
				p.Begin(http1.Otherwise)
			}
		case http1.Body:
			body += string(b[:n])
		case http1.Message, http1.Upgrade:
			found = append(found, fmt.Sprintf("%q %v", body, p.Trailers()))
			body = ""
			if e == http1.Upgrade {
				return append(found, "upgrade "+text[at+n:])
			}
		}
		at += n
	}
	for { // Events that need no more bytes.
		e, _, err := p.Next(nil)
		if err != nil {
			return append(found, err.(*http1.Error).Code)
		}
		if e == http1.More {
			break
		}
		found = append(found, fmt.Sprintf("%q %v", body, p.Trailers()))
		body = ""
	}
	e, err := p.Finish()
	if err != nil {
		return append(found, fmt.Sprintf("%q", body), err.(*http1.Error).Code)
	}
	if e == http1.Message {
		found = append(found, fmt.Sprintf("%q to the end", body))
	}
	return found
}

func TestMessagesAreReadInAnyPieces(t *testing.T) {
	const get = "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, c := range []struct {
		name, text string
		response   bool
		want       []string
	}{
		{"two requests", get + "\r\nHEAD / HTTP/1.0\r\n\r\n", false,
			[]string{"GET /a?b 0 [Host x] true false", `"" []`, "HEAD / 0 [] false false", `"" []`}},
		{"a length", "POST / HTTP/1.1\r\ncontent-LENGTH:  5 \r\n\r\nhello" + get, false,
			[]string{"POST / 0 [content-LENGTH 5] true false", `"hello" []`, "GET /a?b 0 [Host x] true false", `"" []`}},
		{"chunks",
			"PUT / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\nX-End: 1\r\n\r\n",
			false,
			[]string{"PUT / 0 [Transfer-Encoding Chunked] true false", `"abc0123456789" [X-End 1]`}},
		{"a value in two lines", "GET / HTTP/1.1\r\nA: one\r\n  two\r\n\r\n", false,
			[]string{`""`, "HPE_INVALID_HEADER_TOKEN"}},
		{"an empty value", "GET / HTTP/1.1\r\nA:\r\n\r\n", false, []string{"GET / 0 [A ] true false", `"" []`}},
		{"an upgrade", "GET / HTTP/1.1\r\nConnection: x, Upgrade\r\nUpgrade: y\r\n\r\nrest", false,
			[]string{"GET / 0 [Connection x, Upgrade Upgrade y] true true", `"" []`, "upgrade rest"}},
		{"a response to its end", "HTTP/1.1 200 OK\r\n\r\nbody", true,
			[]string{"200 OK [] false false", `"body" to the end`}},
		{"a response without a body",
			"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", true,
			[]string{"204 No Content [Content-Length 9] true false", `"" []`, "200 [Content-Length 1] true false", `"x" []`}},
		{"bytes that are no UTF-8", "HTTP/1.1 200 \xe4\r\nA: \xff\r\nContent-Length: 0\r\n\r\n", true,
			[]string{"200 ä [A ÿ Content-Length 0] true false", `"" []`}},
		{"no version", "GET   /\r\n\r\n", false, []string{"GET / 0 [] false false", `"" []`}},
		{"a URL that is no ASCII", "GET /\xe4 HTTP/1.1\r\n\r\n", false, []string{`""`, "HPE_INVALID_URL"}},
		{"the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\n", false, []string{`""`, "HPE_PAUSED_H2_UPGRADE"}},

		{"no method", "GOT / HTTP/1.1\r\n\r\n", false, []string{`""`, "HPE_INVALID_METHOD"}},
		{"what is no version", "GET / HTTX/1.1\r\n\r\n", false, []string{`""`, "HPE_INVALID_CONSTANT"}},
		{"another version", "GET / HTTP/3.1\r\n\r\n", false, []string{`""`, "HPE_INVALID_VERSION"}},
		{"no response", "HELLO\r\n", true, []string{`""`, "HPE_INVALID_CONSTANT"}},
		{"a space before a colon", "GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\n", false,
			[]string{`""`, "HPE_INVALID_HEADER_TOKEN"}},
		{"a space before the first header", "GET / HTTP/1.1\r\n A: 1\r\n\r\n", false, []string{`""`, "HPE_UNEXPECTED_SPACE"}},
		{"a length in two lines", "GET / HTTP/1.1\r\nContent-Length: 1\r\n 2\r\n\r\n", false,
			[]string{`""`, "HPE_INVALID_HEADER_TOKEN"}},
		{"a control character", "GET / HTTP/1.1\r\nA: \x01\r\n\r\n", false, []string{`""`, "HPE_INVALID_HEADER_TOKEN"}},
		{"a line feed alone", "GET / HTTP/1.1\r\nA: 1\nB: 2\r\n\r\n", false, []string{`""`, "HPE_CR_EXPECTED"}},
		{"a carriage return alone", "GET / HTTP/1.1\r\nA: 1\rB: 2\r\n\r\n", false, []string{`""`, "HPE_LF_EXPECTED"}},
		{"two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", false,
			[]string{`""`, "HPE_UNEXPECTED_CONTENT_LENGTH"}},
		{"a signed length", "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", false,
			[]string{`""`, "HPE_INVALID_CONTENT_LENGTH"}},
		{"a huge length", "POST / HTTP/1.1\r\nContent-Length: 18446744073709551617\r\n\r\n", false,
			[]string{`""`, "HPE_INVALID_CONTENT_LENGTH"}},
		{"a length and chunks", "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", false,
			[]string{`""`, "HPE_INVALID_TRANSFER_ENCODING"}},
		{"chunks and a length", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", false,
			[]string{`""`, "HPE_INVALID_CONTENT_LENGTH"}},
		{"chunks that are not last", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", false,
			[]string{`""`, "HPE_INVALID_TRANSFER_ENCODING"}},
		{"chunks twice", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n", false,
			[]string{`""`, "HPE_INVALID_TRANSFER_ENCODING"}},
		{"a coding that is none", "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\nx", false,
			[]string{"POST / 0 [Transfer-Encoding xchunked] true false", `""`, "HPE_INVALID_TRANSFER_ENCODING"}},
		{"no size of a chunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", false,
			[]string{"POST / 0 [Transfer-Encoding chunked] true false", `""`, "HPE_INVALID_CHUNK_SIZE"}},
		{"a huge chunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", false,
			[]string{"POST / 0 [Transfer-Encoding chunked] true false", `""`, "HPE_INVALID_CHUNK_SIZE"}},
		{"a chunk that is longer", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", false,
			[]string{"POST / 0 [Transfer-Encoding chunked] true false", `"a"`, "HPE_STRICT"}},
		{"an extension with a line feed", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\n", false,
			[]string{"POST / 0 [Transfer-Encoding chunked] true false", `""`, "HPE_CR_EXPECTED"}},
		{"more after the last message", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n\r\nx", false,
			[]string{"GET / 0 [Connection close] false false", `"" []`, `""`, "HPE_CLOSED_CONNECTION"}},
		{"half a head", "GET / HTTP/1.1\r\nA:", false, []string{`""`, "HPE_INVALID_EOF_STATE"}},
		{"half a body", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf", false,
			[]string{"POST / 0 [Content-Length 9] true false", `"half"`, "HPE_INVALID_EOF_STATE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for piece := 1; piece <= len(c.text); piece++ {
				p := http1.New(http1.Options{Request: !c.response, Limit: 1 << 14})
				require.Equal(t, c.want, read(p, c.text, piece), "in pieces of %d", piece)
			}
		})
	}
}

func TestALenientParserTakesMore(t *testing.T) {
	p := http1.New(http1.Options{Request: true, Limit: 1 << 10, Lenient: true})
	require.Equal(t, []string{"GET /ä 0 [A one two] true false", `"" []`, "GET / 0 [] false false", `"" []`,
		"GET /2 0 [] true false", `"" []`},
		read(p, "GET /\xe4 HTTP/1.1\nA: one\r\n  two\r\n\r\nGET / HTTP/1.0\n\nGET /2 HTTP/1.1\r\n\r\n", 5))
}

func TestHeadsAndExtensionsAreBounded(t *testing.T) {
	long := strings.Repeat("x", 300)
	many := strings.Repeat("A: b\r\n", 100)
	chunks := "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;"
	for _, c := range []struct{ name, text, code string }{
		{"a URL", "GET /" + long, "HPE_HEADER_OVERFLOW"},
		{"a name", "GET / HTTP/1.1\r\n" + long, "HPE_HEADER_OVERFLOW"},
		{"a value", "GET / HTTP/1.1\r\nA: " + long, "HPE_HEADER_OVERFLOW"},
		{"many headers", "GET / HTTP/1.1\r\n" + many, "HPE_HEADER_OVERFLOW"},
		{"trailers", chunks[:len(chunks)-2] + "0\r\n" + many, "HPE_HEADER_OVERFLOW"},
		{"an extension", chunks + strings.Repeat("x", 20000), "HPE_CHUNK_EXTENSIONS_OVERFLOW"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, piece := range []int{1, 7, len(c.text)} {
				found := read(http1.New(http1.Options{Request: true, Limit: 256}), c.text, piece)
				require.Equal(t, c.code, found[len(found)-1], "in pieces of %d", piece)
			}
		})
	}
}

func FuzzPieces(f *testing.F) {
	f.Add("GET / HTTP/1.1\r\nA: b\r\n\r\n", 3, false)
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", 1, true)
	f.Fuzz(func(t *testing.T, text string, piece int, response bool) {
		o := http1.Options{Request: !response, Limit: 128}
		whole := read(http1.New(o), text, len(text)+1)
		if last := len(whole) - 1; last >= 0 && strings.HasPrefix(whole[last], "HPE_") {
			return // Which of two errors is found first depends on the pieces.
		}
		require.Equal(t, whole, read(http1.New(o), text, max(1, piece)))
	})
}
