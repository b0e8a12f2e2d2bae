// Package nodecrypto has the digests, ciphers and derived keys of Node's module crypto, made with
// Go's cryptography. Names are OpenSSL's.
package nodecrypto
