package main

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// guard keeps others out. That the server listens on a loopback address keeps out other machines, but neither the other users
// of this one nor the pages of other sites in this user's browser:
//
//   - a token that nobody can guess is in the address of the page. Who does not know it gets no page and no session;
//   - the Host of a request must be a name of the loopback address. A site whose name comes to mean this machine once its page
//     is loaded (DNS rebinding) would have its own name there;
//   - the Origin of a session must be this server. Browsers let any page open a WebSocket to anywhere, but say whose it is.
//
// The page asks the browser to tell nobody its address (Referrer-Policy), to run no script but the server's, and to show it in
// no other page (Content-Security-Policy).
type guard struct {
	token string
	hosts []string // what Host may be
}

func newGuard(at *net.TCPAddr) guard {
	port := strconv.Itoa(at.Port)
	return guard{token: rand.Text(), hosts: []string{at.String(), net.JoinHostPort("localhost", port)}}
}

// url is the address of the page.
func (g *guard) url() string {
	u := url.URL{Scheme: "http", Host: g.hosts[0], Path: "/", RawQuery: url.Values{"token": {g.token}}.Encode()}
	return u.String()
}

// withHost is next for requests that name this server.
func (g *guard) withHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(g.hosts, r.Host) {
			http.Error(w, "another host", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Referrer-Policy", "no-referrer")
		// xterm.js puts the colours and the size of the font into style elements.
		h.Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
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

// sameOrigin reports whether a page of this server asks. Every browser says so for a WebSocket.
func (g *guard) sameOrigin(r *http.Request) bool { return r.Header.Get("Origin") == "http://"+r.Host }
