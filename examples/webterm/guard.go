package main

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"

	"github.com/brood-go/brood/examples/internal/loopback"
)

// guard keeps out other machines and other sites, as package loopback does, and the other users of
// this machine: the address of the page has a token that cannot be guessed. A request without it
// gets no page and no session.
type guard struct {
	loopback.Guard
	token string
}

func newGuard(at *net.TCPAddr) guard { return guard{loopback.NewGuard(at), rand.Text()} }

// url is the address of the page.
func (g *guard) url() string {
	u := url.URL{Scheme: "http", Host: g.Hosts[0], Path: "/", RawQuery: url.Values{"token": {g.token}}.Encode()}
	return u.String()
}

// protect is next for this user's own pages.
func (g *guard) protect(next http.Handler) http.Handler {
	return g.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// xterm.js puts the colours and the size of the font into style elements.
		const policy = "Content-Security-Policy"
		w.Header().Set(policy, w.Header().Get(policy)+"; style-src 'self' 'unsafe-inline'")
		next.ServeHTTP(w, r)
	}))
}

// withToken is next for requests that have the token in their query.
func (g *guard) withToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("token")), []byte(g.token)) != 1 {
			http.Error(w, "no token, or a wrong one", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
