package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/looptest"
)

// page is what page.js is to the server.
type page struct {
	t    *testing.T
	ctx  context.Context
	conn *websocket.Conn

	text string
	seen int // of text: what comes before was waited for
	slow bool
	owed int // bytes of text that the server was not told of
	room int // how much may be typed
	end  string
}

// dial opens the WebSocket of a page of 24 rows and 80 columns.
func dial(t *testing.T, s *site, token, origin, host string) (*page, *http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), looptest.HangLimit())
	t.Cleanup(cancel)
	conn, answer, err := websocket.Dial(ctx, "ws://"+s.Hosts[0]+"/session?rows=24&cols=80&token="+token,
		&websocket.DialOptions{Host: host, HTTPHeader: http.Header{"Origin": {origin}}})
	if err != nil {
		return nil, answer, err
	}
	t.Cleanup(func() { _ = conn.CloseNow() }) // It may be closed.
	conn.SetReadLimit(1 << 20)
	return &page{t: t, ctx: ctx, conn: conn, room: windowSize}, answer, nil
}

func open(t *testing.T, s *site) *page {
	t.Helper()
	p, _, err := dial(t, s, s.token, "http://"+s.Hosts[0], "")
	require.NoError(t, err)
	return p
}

func (p *page) tell(m message) {
	p.t.Helper()
	text, err := json.Marshal(m)
	require.NoError(p.t, err)
	require.NoError(p.t, p.conn.Write(p.ctx, websocket.MessageText, text))
}

func (p *page) types(keys string) {
	p.t.Helper()
	p.room -= len(keys)
	require.NoError(p.t, p.conn.Write(p.ctx, websocket.MessageBinary, []byte(keys)))
}

// next takes one frame. It returns false when the connection has ended, as it should.
func (p *page) next() bool {
	p.t.Helper()
	kind, data, err := p.conn.Read(p.ctx)
	if err != nil {
		require.Equal(p.t, websocket.StatusNormalClosure, websocket.CloseStatus(err), "%v; it showed %q", err, p.tail())
		return false
	}
	if kind == websocket.MessageBinary {
		p.text += string(data)
		p.owed += len(data)
		require.LessOrEqual(p.t, p.owed, windowSize, "the server sends what was not asked for")
		if !p.slow {
			p.report()
		}
		return true
	}
	var m message
	require.NoError(p.t, json.Unmarshal(data, &m))
	p.room += m.Done
	p.end = m.End
	return true
}

func (p *page) tail() string { return p.text[max(0, len(p.text)-200):] }

// report tells the server that all was drawn.
func (p *page) report() {
	if p.owed > 0 {
		p.tell(message{Done: p.owed})
		p.owed = 0
	}
}

// until waits until text is shown, behind what was waited for before.
func (p *page) until(text string) {
	p.t.Helper()
	for {
		if at := strings.Index(p.text[p.seen:], text); at >= 0 {
			p.seen += at + len(text)
			return
		}
		require.True(p.t, p.next(), "%q was not shown before the end; it showed %q", text, p.tail())
	}
}

// untilEnd waits until the server has closed the connection and returns how the program has ended.
func (p *page) untilEnd() string {
	p.t.Helper()
	for p.next() {
	}
	return p.end
}
