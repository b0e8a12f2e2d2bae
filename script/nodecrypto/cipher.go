package nodecrypto

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"errors"
	"strings"
	"sync"
)

// Cipher encrypts or decrypts data that comes piece by piece. It must be used by one goroutine at a
// time.
type Cipher struct {
	block   cipher.Block
	mode    cipher.BlockMode // ECB and CBC; else nil
	stream  cipher.Stream    // CTR and GCM; else nil
	encrypt bool
	partial []byte // input that is no whole block yet
	padding bool   // the last block is padded

	gcm        cipher.AEAD // GCM; else nil
	nonce      []byte
	text       []byte // GCM: the plain text so far
	additional []byte // GCM: additional data
	// GCM: set by Final when encrypting, by the caller before Final when decrypting
	Tag  []byte
	done bool // Final was called
}

// Spec describes a cipher. Lengths are bytes.
type Spec struct {
	Name      string
	Mode      string
	KeyLength int
	IVLength  int // 0: it takes none
	BlockSize int // 0: a stream cipher
}

// specs are the ciphers, ordered by key length and mode.
var specs = sync.OnceValue(func() (all []Spec) {
	for _, bits := range []string{"128", "192", "256"} {
		length := map[string]int{"128": 16, "192": 24, "256": 32}[bits]
		all = append(all,
			Spec{"aes-" + bits + "-cbc", "cbc", length, aes.BlockSize, aes.BlockSize},
			Spec{"aes-" + bits + "-ctr", "ctr", length, aes.BlockSize, 0},
			Spec{"aes-" + bits + "-ecb", "ecb", length, 0, aes.BlockSize},
			Spec{"aes-" + bits + "-gcm", "gcm", length, gcmNonce, 0})
	}
	return all
})

const (
	gcmNonce = 12 // bytes
	gcmTag   = 16
)

// Ciphers returns all ciphers. The caller must not change the slice.
func Ciphers() []Spec { return specs() }

// Lookup returns the cipher of a name in OpenSSL. ok is false if there is none.
func Lookup(name string) (Spec, bool) {
	name = strings.ToLower(name)
	for _, short := range []string{"128", "192", "256"} {
		if name == "aes"+short {
			name = "aes-" + short + "-cbc"
		} else if name == "id-aes"+short+"-gcm" {
			name = "aes-" + short + "-gcm"
		}
	}
	for _, spec := range specs() {
		if spec.Name == name {
			return spec, true
		}
	}
	return Spec{}, false
}

// Errors of [NewCipher] and of [Cipher].
var (
	ErrKeyLength   = errors.New("invalid key length")
	ErrIV          = errors.New("invalid initialization vector")
	ErrFinished    = errors.New("the cipher is finished")
	ErrBlockLength = errors.New("wrong final block length")
	ErrPadding     = errors.New("bad decrypt")
	ErrNotTrue     = errors.New("unsupported state or unable to authenticate data")
)

// NewCipher returns a cipher that encrypts or decrypts. It returns [ErrKeyLength] or [ErrIV] if key
// or iv has not the length in spec.
func NewCipher(spec Spec, key, iv []byte, encrypt bool) (*Cipher, error) {
	if len(iv) != spec.IVLength {
		return nil, ErrIV
	}
	if len(key) != spec.KeyLength {
		return nil, ErrKeyLength
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	c := &Cipher{block: block, encrypt: encrypt, padding: spec.BlockSize > 0}
	switch spec.Mode {
	case "cbc":
		if encrypt {
			c.mode = cipher.NewCBCEncrypter(block, iv)
		} else {
			c.mode = cipher.NewCBCDecrypter(block, iv)
		}
	case "ecb":
		c.mode = &ecb{block, encrypt}
	case "ctr":
		c.stream = cipher.NewCTR(block, iv)
	case "gcm":
		// GCM is counter mode with a counter that begins at 2. The tag is computed at the end, from
		// all of the text.
		if c.gcm, err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
		c.nonce = bytes.Clone(iv)
		c.stream = cipher.NewCTR(block, append(bytes.Clone(iv), 0, 0, 0, 2))
	}
	return c, nil
}

// SetPadding says whether the last block is padded. Default: true for block ciphers.
func (c *Cipher) SetPadding(on bool) { c.padding = on && c.mode != nil }

// AddData adds data that the tag covers besides the text.
func (c *Cipher) AddData(p []byte) { c.additional = append(c.additional, p...) }

// Update returns the output for p so far. The caller may keep both slices. After Final it returns
// [ErrFinished].
func (c *Cipher) Update(p []byte) ([]byte, error) {
	if c.done {
		return nil, ErrFinished
	}
	if c.stream != nil {
		out := make([]byte, len(p))
		c.stream.XORKeyStream(out, p)
		switch {
		case c.gcm == nil:
		case c.encrypt:
			c.text = append(c.text, p...)
		default:
			c.text = append(c.text, out...)
		}
		return out, nil
	}
	in := append(c.partial, p...)
	size := c.block.BlockSize()
	n := len(in) - len(in)%size
	if !c.encrypt && c.padding && n == len(in) && n > 0 {
		n -= size // The last block may be padding.
	}
	out := make([]byte, n)
	c.mode.CryptBlocks(out, in[:n])
	c.partial = bytes.Clone(in[n:])
	return out, nil
}

// Final returns the rest of the output. It returns [ErrBlockLength], [ErrPadding] or [ErrNotTrue]
// for invalid input, and [ErrFinished] on the second call.
func (c *Cipher) Final() ([]byte, error) {
	if c.done {
		return nil, ErrFinished
	}
	c.done = true
	if c.gcm != nil {
		return nil, c.authenticate()
	}
	if c.stream != nil {
		return nil, nil
	}
	size := c.block.BlockSize()
	if c.encrypt && c.padding {
		n := size - len(c.partial)%size
		c.partial = append(c.partial, bytes.Repeat([]byte{byte(n)}, n)...)
	}
	if len(c.partial)%size != 0 || !c.encrypt && c.padding && len(c.partial) == 0 {
		return nil, ErrBlockLength
	}
	out := make([]byte, len(c.partial))
	c.mode.CryptBlocks(out, c.partial)
	if c.encrypt || !c.padding {
		return out, nil
	}
	n := int(out[len(out)-1])
	if n == 0 || n > size || !bytes.Equal(out[len(out)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, ErrPadding
	}
	return out[:len(out)-n], nil
}

// authenticate computes the tag, and compares it with Tag when decrypting. Tag may be a prefix.
func (c *Cipher) authenticate() error {
	sealed := c.gcm.Seal(nil, c.nonce, c.text, c.additional)
	tag := sealed[len(sealed)-gcmTag:]
	c.text = nil
	if c.encrypt {
		c.Tag = tag
		return nil
	}
	if n := len(c.Tag); n == 0 || n > len(tag) || subtle.ConstantTimeCompare(c.Tag, tag[:n]) == 0 {
		return ErrNotTrue
	}
	return nil
}

// ecb is the mode in which each block is encrypted by itself.
type ecb struct {
	block   cipher.Block
	encrypt bool
}

func (e *ecb) BlockSize() int { return e.block.BlockSize() }

func (e *ecb) CryptBlocks(dst, src []byte) {
	for size := e.BlockSize(); len(src) >= size; dst, src = dst[size:], src[size:] {
		if e.encrypt {
			e.block.Encrypt(dst, src)
		} else {
			e.block.Decrypt(dst, src)
		}
	}
}
