// Package nodeurl has the operations of Node's URL and URLSearchParams on texts (WHATWG URL
// Standard), and the conversion between paths and file URLs.
//
// All functions are safe to call from any goroutine.
package nodeurl
