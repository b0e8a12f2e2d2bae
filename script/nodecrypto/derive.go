package nodecrypto

import (
	"crypto/hkdf"
	"crypto/pbkdf2"
	"hash"

	"golang.org/x/crypto/scrypt"
)

// PBKDF2 derives a key of length bytes from a password (RFC 8018). Safe to call from any goroutine.
func PBKDF2(digest func() hash.Hash, password, salt []byte, iterations, length int) ([]byte, error) {
	if length == 0 {
		return nil, nil
	}
	return pbkdf2.Key(digest, string(password), salt, iterations, length)
}

// HKDF derives a key of length bytes from another key (RFC 5869). Safe to call from any goroutine.
func HKDF(digest func() hash.Hash, key, salt, info []byte, length int) ([]byte, error) {
	return hkdf.Key(digest, key, salt, string(info), length)
}

// Scrypt derives a key of length bytes from a password (RFC 7914). Safe to call from any goroutine.
func Scrypt(password, salt []byte, n, r, p, length int) ([]byte, error) {
	if length == 0 {
		return nil, nil
	}
	return scrypt.Key(password, salt, n, r, p, length)
}
