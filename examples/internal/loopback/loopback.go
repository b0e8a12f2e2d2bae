// Package loopback keeps the pages of examples for this machine, and for pages that come from
// there.
//
// That a server listens on a loopback address keeps out other machines. It keeps out neither the
// other users of this one nor the pages of other sites in this user's browser. Against these there
// is [Guard]:
//
//   - the Host of a request must be a name of the loopback address. A site whose name comes to mean
//     this machine once its page is loaded (DNS rebinding) would have its own name there;
//   - the Origin of a request must be this server, and a request that is to change something must
//     have one. Browsers let any page send one anywhere, but say whose it is;
//   - where there is no Origin, Sec-Fetch-Site says whether another site's page has an image, say,
//     or a script, from here. A link may lead here from anywhere.
package loopback

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
)

// Listen returns a TCP listener at addr, and refuses an address that others than this machine could
// reach.
//
// Safe to call from any goroutine.
func Listen(addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	if at := ln.Addr().(*net.TCPAddr); !at.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("listen %s: not a loopback address", at), ln.Close())
	}
	return ln, nil
}

// A Guard knows the names of a server, and whose requests it answers. Its methods are safe to call
// from any goroutine.
type Guard struct {
	Hosts []string // allowed values of Host; the first one is for the address of the page
}

// NewGuard returns the guard of the server that listens at an address.
func NewGuard(at *net.TCPAddr) Guard {
	g := Guard{[]string{at.String(), net.JoinHostPort("localhost", strconv.Itoa(at.Port))}}
	if at.Port == 80 { // Browsers leave it out.
		host := at.IP.String()
		if at.IP.To4() == nil {
			host = "[" + host + "]"
		}
		g.Hosts = append(g.Hosts, host, "localhost")
	}
	return g
}

// Protect calls next for requests that name this server and do not come from another site's page.
// The answer asks the browser to keep the page's address to itself (Referrer-Policy), to run no
// script but the server's, and to show it in no other page (Content-Security-Policy). next may set
// these otherwise.
func (g *Guard) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		switch {
		case !slices.Contains(g.Hosts, r.Host):
			http.Error(w, "another host", http.StatusForbidden)
		case foreign(r):
			http.Error(w, "another site's page", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Own reports whether a request says that a page of this server has made it. A page of this server
// that changes something does, and one that opens a WebSocket.
func Own(r *http.Request) bool { return r.Header.Get("Origin") == "http://"+r.Host }

// foreign reports whether another site's page has made a request. A request that changes something
// counts as such a one if its origin is not known.
func foreign(r *http.Request) bool {
	if r.Header.Get("Origin") != "" || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return !Own(r)
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Dest") != "document"
}
