// Package nodeurl has what Node's URL and URLSearchParams do with texts (WHATWG URL Standard), and
// the way between paths and file URLs.
//
// All functions are safe to call from any goroutine.
package nodeurl
