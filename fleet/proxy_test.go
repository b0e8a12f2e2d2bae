package fleet_test

import (
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A proxy passes connections on to a server. When it is cut, nothing passes in either direction,
// and no side notices, as with a pulled cable.
type proxy struct {
	t       testing.TB
	listen  net.Listener
	server  string
	rewrite func(p []byte) []byte // applied to the server's bytes; nil: they stay

	mu    sync.Mutex
	whole chan struct{} // closed while the proxy is not cut
	conns map[net.Conn]struct{}
	done  sync.WaitGroup
	ended bool
}

func newProxy(t testing.TB, server string) *proxy {
	t.Helper()
	return newRewritingProxy(t, server, nil)
}

func newRewritingProxy(t testing.TB, server string, rewrite func(p []byte) []byte) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{t: t, listen: l, server: server, rewrite: rewrite, whole: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	close(p.whole)
	p.done.Go(p.accept) // It ends with the listener; the cleanup waits for it.
	t.Cleanup(func() {
		p.mu.Lock()
		p.ended = true
		for c := range p.conns {
			_ = c.Close() // The other side may have closed it.
		}
		p.mu.Unlock()
		p.restore()
		_ = l.Close() // It was open.
		p.done.Wait()
	})
	return p
}

func (p *proxy) url() string { return "nats://" + p.listen.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.listen.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close() // There is no server to connect it to.
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = struct{}{}, struct{}{}
		if p.ended {
			_, _ = client.Close(), server.Close()
		}
		p.mu.Unlock()
		// These end with the connections.
		p.done.Go(func() { p.copy(server, client, nil) })
		p.done.Go(func() { p.copy(client, server, p.rewrite) })
	}
}

func (p *proxy) copy(to, from net.Conn, rewrite func([]byte) []byte) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		whole := p.whole
		p.mu.Unlock()
		<-whole
		if n > 0 {
			data := buf[:n]
			if rewrite != nil {
				data = rewrite(data)
			}
			if _, err := to.Write(data); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.whole = make(chan struct{})
}

// restore lets everything pass, including the delayed bytes.
func (p *proxy) restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.whole:
	default:
		close(p.whole)
	}
}
