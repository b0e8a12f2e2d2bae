package main

import (
	"net"
	"net/http"
	"slices"
	"strconv"
)

// guard keeps the pages of other sites out, which this user's browser shows. Other machines cannot reach a loopback address; other
// users of this one can, and see and do what the page can: not more than make work for the pool.
//
//   - the Host of a request must be a name of the loopback address. A site whose name comes to mean this machine once its page
//     is loaded (DNS rebinding) would have its own name there;
//   - the Origin of a POST must be this server. Browsers let any page send one, but say whose it is.
//
// The page asks the browser to run no script but the server's, and to show it in no other page (Content-Security-Policy).
type guard struct {
	hosts []string // what Host may be
}

func newGuard(at *net.TCPAddr) guard {
	return guard{[]string{at.String(), net.JoinHostPort("localhost", strconv.Itoa(at.Port))}}
}

// url is the address of the page.
func (g *guard) url() string { return "http://" + g.hosts[0] + "/" }

// protect is next for requests that name this server, and change nothing for a page of another one.
func (g *guard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		switch {
		case !slices.Contains(g.hosts, r.Host):
			http.Error(w, "another host", http.StatusForbidden)
		case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get("Origin") != "http://"+r.Host:
			http.Error(w, "another site's page", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
