package nodecrypto

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"hash"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/blake2s"
	"golang.org/x/crypto/ripemd160" //lint:ignore SA1019 scripts that check old files still ask for it
)

// digests are the constructors of hashes, by name.
var digests = sync.OnceValue(func() map[string]func() hash.Hash {
	return map[string]func() hash.Hash{
		"md5":        md5.New,
		"sha1":       sha1.New,
		"sha224":     sha256.New224,
		"sha256":     sha256.New,
		"sha384":     sha512.New384,
		"sha512":     sha512.New,
		"sha512-224": sha512.New512_224,
		"sha512-256": sha512.New512_256,
		"sha3-224":   func() hash.Hash { return sha3.New224() },
		"sha3-256":   func() hash.Hash { return sha3.New256() },
		"sha3-384":   func() hash.Hash { return sha3.New384() },
		"sha3-512":   func() hash.Hash { return sha3.New512() },
		"ripemd160":  ripemd160.New,
		"blake2b512": func() hash.Hash { return unkeyed(blake2b.New512(nil)) },
		"blake2s256": func() hash.Hash { return unkeyed(blake2s.New256(nil)) },
	}
})

// unkeyed drops the error of a constructor that fails for bad keys only.
func unkeyed(h hash.Hash, _ error) hash.Hash { return h }

// aliases are other names of digests.
var aliases = sync.OnceValue(func() map[string]string {
	return map[string]string{
		"rmd160": "ripemd160", "ripemd": "ripemd160", "sha-1": "sha1", "sha-224": "sha224", "sha-256": "sha256", "sha-384": "sha384", "sha-512": "sha512",
		"rsa-md5": "md5", "rsa-sha1": "sha1", "rsa-sha224": "sha224", "rsa-sha256": "sha256", "rsa-sha384": "sha384", "rsa-sha512": "sha512",
		"rsa-ripemd160": "ripemd160", "rsa-sha512/224": "sha512-224", "rsa-sha512/256": "sha512-256", "sha512/224": "sha512-224", "sha512/256": "sha512-256",
		"rsa-sha3-224": "sha3-224", "rsa-sha3-256": "sha3-256", "rsa-sha3-384": "sha3-384", "rsa-sha3-512": "sha3-512",
	}
})

// Digests returns the sorted names of all digests, including those of variable length.
func Digests() []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(digests())), "shake128", "shake256")))
}

// NewDigest returns the constructor of a digest, nil if there is none of that name.
func NewDigest(name string) func() hash.Hash {
	name = strings.ToLower(name)
	if alias, ok := aliases()[name]; ok {
		name = alias
	}
	return digests()[name]
}

// Shake is a digest of variable length.
type Shake struct {
	*sha3.SHAKE
	length int
}

// maxShake bounds the output of a SHAKE: bytes. Keys and checksums are far smaller.
const maxShake = 1 << 28

// NewShake returns a SHAKE with length bytes of output, negative: OpenSSL's default. ok is false if
// there is none of that name (h is nil) or length is too large.
func NewShake(name string, length int) (h *Shake, ok bool) {
	s := &Shake{length: length}
	switch strings.ToLower(name) {
	case "shake128":
		s.SHAKE = sha3.NewSHAKE128()
		if length < 0 {
			s.length = 16
		}
	case "shake256":
		s.SHAKE = sha3.NewSHAKE256()
		if length < 0 {
			s.length = 32
		}
	default:
		return nil, false
	}
	return s, s.length <= maxShake
}

// Size returns the number of bytes that Sum appends.
func (s *Shake) Size() int { return s.length }

// Sum appends to b the digest of the bytes written so far.
func (s *Shake) Sum(b []byte) []byte {
	out := make([]byte, s.length)
	_, _ = s.Clone().Read(out) // A SHAKE does not fail.
	return append(b, out...)
}

// Clone returns a copy of the state.
func (s *Shake) Clone() *Shake {
	state := *s.SHAKE
	return &Shake{&state, s.length}
}
