// Package nodecrypto is what Node's module crypto does, by Go's cryptography: digests, ciphers and
// derived keys by the names that OpenSSL gives them.
package nodecrypto
