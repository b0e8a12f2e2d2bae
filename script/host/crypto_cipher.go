package host

import (
	"errors"
	"fmt"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodecrypto"
)

// bindCiphers gives the library the functions of Cipheriv and Decipheriv.
func bindCiphers(b *builder) {
	h := b.h
	list := make([]engine.Value, 0, len(nodecrypto.Ciphers()))
	for _, spec := range nodecrypto.Ciphers() {
		list = append(list, b.s.String(spec.Name))
	}
	b.value("ciphers", b.s.Array(list...))
	// cipherInfo(name) returns [name, mode, keyLength, ivLength, blockSize], or undefined.
	b.fn("cipherInfo", func(c *engine.Call) (engine.Value, error) {
		spec, ok := nodecrypto.Lookup(c.Arg(0).Text())
		if !ok {
			return c.Undefined(), nil
		}
		return c.Array(c.String(spec.Name), c.String(spec.Mode), c.Int(int64(spec.KeyLength)), c.Int(int64(spec.IVLength)),
			c.Int(int64(spec.BlockSize))), nil
	})
	// cipher(name, key, iv, encrypt)
	b.fn("cipher", func(c *engine.Call) (engine.Value, error) {
		spec, ok := nodecrypto.Lookup(c.Arg(0).Text())
		if !ok {
			return c.Undefined(), &codedError{"Error", "ERR_CRYPTO_UNKNOWN_CIPHER", "Unknown cipher"}
		}
		x, err := nodecrypto.NewCipher(spec, bytesArg(c, 1), bytesArg(c, 2), c.Arg(3).Bool())
		if err != nil {
			return c.Undefined(), cipherError(err)
		}
		prototype, err := h.prototype(c.Scope, "cipher", cipherMethods)
		if err != nil {
			return c.Undefined(), err
		}
		return c.Native(prototype, x), nil
	})
}

func cipherMethods(b *builder) {
	type cipher = *nodecrypto.Cipher
	method(b, "update", func(x cipher, c *engine.Call) (engine.Value, error) {
		out, err := x.Update(bytesOrText(c, 0))
		return c.Uint8Array(out), cipherError(err)
	})
	method(b, "final", func(x cipher, c *engine.Call) (engine.Value, error) {
		out, err := x.Final()
		return c.Uint8Array(out), cipherError(err)
	})
	method(b, "setPadding", func(x cipher, c *engine.Call) (engine.Value, error) {
		x.SetPadding(c.Arg(0).Bool())
		return c.Undefined(), nil
	})
	method(b, "setAAD", func(x cipher, c *engine.Call) (engine.Value, error) {
		x.AddData(bytesOrText(c, 0))
		return c.Undefined(), nil
	})
	method(b, "setTag", func(x cipher, c *engine.Call) (engine.Value, error) {
		x.Tag = append([]byte(nil), bytesArg(c, 0)...)
		return c.Undefined(), nil
	})
	method(b, "tag", func(x cipher, c *engine.Call) (engine.Value, error) { return c.Uint8Array(x.Tag), nil })
}

// cipherError returns err as Node reports it.
func cipherError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nodecrypto.ErrKeyLength):
		return &codedError{"RangeError", "ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length"}
	case errors.Is(err, nodecrypto.ErrIV):
		return &codedError{"TypeError", "ERR_CRYPTO_INVALID_IV", "Invalid initialization vector"}
	case errors.Is(err, nodecrypto.ErrBlockLength):
		return &codedError{"Error", "ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH",
			"error:1C80006B:Provider routines::wrong final block length"}
	case errors.Is(err, nodecrypto.ErrPadding):
		return &codedError{"Error", "ERR_OSSL_BAD_DECRYPT", "error:1C800064:Provider routines::bad decrypt"}
	case errors.Is(err, nodecrypto.ErrNotTrue):
		return errNotAuthentic
	}
	return &codedError{"Error", "ERR_CRYPTO_INVALID_STATE", "Invalid state"}
}

// errNotAuthentic is Node's error, in its words and without a code.
var errNotAuthentic = errors.New("Unsupported state or unable to authenticate data") //lint:ignore ST1005 see above

// bindDerive gives the library functions that derive keys from passwords and other keys:
// name(callback, …) calls callback with (error, bytes) later, or returns the bytes if callback is
// no function.
func bindDerive(b *builder) {
	// pbkdf2(callback, digest, password, salt, iterations, length)
	deriving(b, "pbkdf2", func(c *engine.Call) (func() ([]byte, error), error) {
		digest := nodecrypto.NewDigest(c.Arg(1).Text())
		if digest == nil {
			return nil, noDigest(c.Arg(1).Text())
		}
		password, salt := copyArg(c, 2), copyArg(c, 3)
		iterations, length := int(c.Arg(4).Int()), int(c.Arg(5).Int())
		return func() ([]byte, error) { return nodecrypto.PBKDF2(digest, password, salt, iterations, length) }, nil
	})
	// hkdf(callback, digest, key, salt, info, length)
	deriving(b, "hkdf", func(c *engine.Call) (func() ([]byte, error), error) {
		digest := nodecrypto.NewDigest(c.Arg(1).Text())
		if digest == nil {
			return nil, noDigest(c.Arg(1).Text())
		}
		key, salt, info, length := copyArg(c, 2), copyArg(c, 3), copyArg(c, 4), int(c.Arg(5).Int())
		if length > 255*digest().Size() { // RFC 5869, 2.3
			return nil, &codedError{"RangeError", "ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length"}
		}
		return func() ([]byte, error) { return nodecrypto.HKDF(digest, key, salt, info, length) }, nil
	})
	// scrypt(callback, password, salt, N, r, p, length)
	deriving(b, "scrypt", func(c *engine.Call) (func() ([]byte, error), error) {
		password, salt := copyArg(c, 1), copyArg(c, 2)
		n, r, p, length := int(c.Arg(3).Int()), int(c.Arg(4).Int()), int(c.Arg(5).Int()), int(c.Arg(6).Int())
		return func() ([]byte, error) { return nodecrypto.Scrypt(password, salt, n, r, p, length) }, nil
	})
}

func noDigest(name string) error {
	return &codedError{"TypeError", "ERR_CRYPTO_INVALID_DIGEST", fmt.Sprintf("Invalid digest: %s", name)}
}

func copyArg(c *engine.Call, i int) []byte { return append([]byte(nil), bytesArg(c, i)...) }

// deriving adds a function whose work may run on a goroutine. prepare copies all that the work
// needs from the script.
func deriving(b *builder, name string, prepare func(c *engine.Call) (func() ([]byte, error), error)) {
	h := b.h
	b.fn(name, func(c *engine.Call) (engine.Value, error) {
		work, err := prepare(c)
		if err != nil {
			return c.Undefined(), err
		}
		if !c.Arg(0).IsFunction() {
			key, err := work()
			return c.Uint8Array(key), err
		}
		var key []byte
		done := c.Arg(0).Keep()
		h.runOffLoop(func() { key, err = work() }, func() {
			defer h.engine.Release(&done)
			_ = h.Do(func(s *engine.Scope) error {
				failure := s.Null()
				if err != nil {
					failure = h.errorValue(s, err)
				}
				_, err := s.Kept(done).Call(s.Undefined(), failure, s.Uint8Array(key))
				return err
			})
		}, nil)
		return c.Undefined(), nil
	})
}
