package host

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodecrypto"
	"github.com/brood-go/brood/script/nodetext"
)

// digester is the native object of a hash or an HMAC.
type digester struct{ hash.Hash }

// summer is the common part of digester and shaker.
type summer interface {
	Write(p []byte) (int, error)
	Sum(b []byte) []byte
}

// shaker is the native object of a hash of variable length.
type shaker struct{ *nodecrypto.Shake }

// bindCrypto gives the library digests, HMACs, random bytes, derived keys and ciphers. The library
// has checked the types of arguments.
func bindCrypto(b *builder) {
	h := b.h
	b.value("hashes", stringArray(b.s, nodecrypto.Digests()))
	// hash(name, outputLength) returns undefined if there is no such hash. A negative length is the
	// default.
	b.fn("hash", func(c *engine.Call) (engine.Value, error) {
		x, err := newHash(c.Arg(0).Text(), int(c.Arg(1).Int()))
		if x == nil || err != nil {
			return c.Undefined(), err
		}
		return h.newDigester(c.Scope, x)
	})
	b.fn("hmac", func(c *engine.Call) (engine.Value, error) {
		digest := nodecrypto.NewDigest(c.Arg(0).Text())
		if digest == nil {
			return c.Undefined(), nil
		}
		return h.newDigester(c.Scope, digester{hmac.New(digest, bytesArg(c, 1))})
	})
	// digest(name, data, outputLength) hashes at once.
	b.fn("digest", func(c *engine.Call) (engine.Value, error) {
		x, err := newHash(c.Arg(0).Text(), int(c.Arg(2).Int()))
		if x == nil || err != nil {
			return c.Undefined(), err
		}
		_, _ = x.Write(bytesArg(c, 1)) // A hash does not fail.
		return c.Uint8Array(x.Sum(nil)), nil
	})
	b.fn("random", func(c *engine.Call) (engine.Value, error) {
		_, err := rand.Read(slice(bytesArg(c, 0), c.Arg(1).Float(), c.Arg(1).Float()+c.Arg(2).Float()))
		return c.Arg(0), err
	})
	b.fn("randomUUID", func(c *engine.Call) (engine.Value, error) {
		var id [16]byte
		if _, err := rand.Read(id[:]); err != nil {
			return c.Undefined(), err
		}
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4, and the variant of RFC 9562
		return c.String(fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])), nil
	})
	b.fn("equal", func(c *engine.Call) (engine.Value, error) {
		return c.Bool(subtle.ConstantTimeCompare(bytesArg(c, 0), bytesArg(c, 1)) == 1), nil
	})
	bindDerive(b)
	bindCiphers(b)
}

// bytesOrText returns the bytes of argument i; if it is a text, in the encoding of the next
// argument.
func bytesOrText(c *engine.Call, i int) []byte {
	if v := c.Arg(i); v.Kind() == engine.String {
		return nodetext.Encode(v.Text(), encodingArg(c, i+1))
	}
	return bytesArg(c, i)
}

var errNoXOF = &codedError{"Error", "ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH",
	"error:030000B2:digital envelope routines::not XOF or invalid length"}

// newHash returns a hash whose output has length bytes, negative: the default. It returns nil if
// there is none of that name.
func newHash(name string, length int) (summer, error) {
	if newDigest := nodecrypto.NewDigest(name); newDigest != nil {
		x := newDigest()
		if length >= 0 && length != x.Size() {
			return nil, errNoXOF
		}
		return digester{x}, nil
	}
	if x, ok := nodecrypto.NewShake(name, length); ok {
		return shaker{x}, nil
	} else if x != nil {
		return nil, errNoXOF
	}
	return nil, nil
}

// newDigester returns the native object of a hash, with update, digest and copy.
func (h *Host) newDigester(s *engine.Scope, x summer) (engine.Value, error) {
	prototype, err := h.prototype(s, "digester", func(b *builder) {
		method(b, "update", func(x summer, c *engine.Call) (engine.Value, error) {
			_, err := x.Write(bytesOrText(c, 0))
			return c.Undefined(), err
		})
		method(b, "digest", func(x summer, c *engine.Call) (engine.Value, error) { return c.Uint8Array(x.Sum(nil)), nil })
		method(b, "copy", func(x summer, c *engine.Call) (engine.Value, error) {
			copied, err := copyOf(x)
			if err != nil {
				return c.Undefined(), err
			}
			return h.newDigester(c.Scope, copied)
		})
	})
	if err != nil {
		return s.Undefined(), err
	}
	return s.Native(prototype, x), nil
}

func copyOf(x summer) (summer, error) {
	switch x := x.(type) {
	case shaker:
		return shaker{x.Clone()}, nil
	case digester:
		if cloner, ok := x.Hash.(hash.Cloner); ok {
			c, err := cloner.Clone()
			return digester{c}, err
		}
	}
	return nil, errors.New("this hash cannot be copied")
}
