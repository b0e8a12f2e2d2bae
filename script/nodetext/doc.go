// Package nodetext converts between text and bytes as Node's Buffer and StringDecoder do.
//
// Text is the engine's: UTF-8 in which a lone half of a surrogate pair is three bytes, as if it
// were a character. Where an encoding cannot express a lone half, it becomes U+FFFD, as in Node.
//
// All functions are safe to call from any goroutine.
package nodetext
