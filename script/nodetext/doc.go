// Package nodetext turns text into bytes and bytes into text as Node's Buffer and StringDecoder do.
//
// Text is the engine's: UTF-8 in which a half of a surrogate pair may stand alone, in the three
// bytes that it would have as a character. Where an encoding has no place for a lone half, it
// becomes U+FFFD, as in Node.
//
// All functions are safe to call from any goroutine.
package nodetext
