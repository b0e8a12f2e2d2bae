package nodecrypto_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/nodecrypto"
)

func TestDigestsHaveTheirUsualValues(t *testing.T) {
	for name, want := range map[string]string{
		"md5":        "900150983cd24fb0d6963f7d28e17f72",
		"RSA-SHA1":   "a9993e364706816aba3e25717850c26c9cd0d89d",
		"sha256":     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha3-256":   "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
		"ripemd160":  "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
		"blake2s256": "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982",
	} {
		digest := nodecrypto.NewDigest(name)
		require.NotNil(t, digest, name)
		h := digest()
		_, _ = h.Write([]byte("abc"))
		require.Equal(t, want, hex.EncodeToString(h.Sum(nil)), name)
	}
	require.Nil(t, nodecrypto.NewDigest("md7"))
}

func TestAShakeIsAsLongAsOneWants(t *testing.T) {
	h, ok := nodecrypto.NewShake("shake128", -1)
	require.True(t, ok)
	require.Equal(t, "7f9c2ba4e88f827d616045507605853e", hex.EncodeToString(h.Sum(nil)))
	h, ok = nodecrypto.NewShake("shake256", 4)
	require.True(t, ok)
	c := h.Clone()
	_, _ = h.Write([]byte("more"))
	require.Equal(t, "46b9dd2b", hex.EncodeToString(c.Sum(nil)))
	require.NotEqual(t, c.Sum(nil), h.Sum(nil))
	_, ok = nodecrypto.NewShake("shake256", 1<<40)
	require.False(t, ok)
}

func TestCiphersDecryptWhatTheyEncryptHoweverItIsSplit(t *testing.T) {
	text := []byte("a text that is no whole number of blocks long, but longer than two of them")
	for _, spec := range nodecrypto.Ciphers() {
		for _, piece := range []int{1, 15, 16, 17, len(text)} {
			key, iv := make([]byte, spec.KeyLength), make([]byte, spec.IVLength)
			e, err := nodecrypto.NewCipher(spec, key, iv, true)
			require.NoError(t, err)
			sealed := run(t, e, text, piece)
			d, err := nodecrypto.NewCipher(spec, key, iv, false)
			require.NoError(t, err)
			d.Tag = e.Tag
			require.Equal(t, string(text), string(run(t, d, sealed, piece)), "%s in pieces of %d", spec.Name, piece)
		}
	}
}

func run(t *testing.T, c *nodecrypto.Cipher, text []byte, piece int) (out []byte) {
	t.Helper()
	for len(text) > 0 {
		n := min(piece, len(text))
		p, err := c.Update(text[:n])
		require.NoError(t, err)
		out, text = append(out, p...), text[n:]
	}
	p, err := c.Final()
	require.NoError(t, err)
	return append(out, p...)
}

func TestAForgedTextIsRefused(t *testing.T) {
	spec, ok := nodecrypto.Lookup("aes-128-gcm")
	require.True(t, ok)
	for _, tag := range [][]byte{nil, make([]byte, 4), make([]byte, 16), make([]byte, 17)} {
		c, err := nodecrypto.NewCipher(spec, make([]byte, 16), make([]byte, 12), false)
		require.NoError(t, err)
		_, err = c.Update([]byte("forged"))
		require.NoError(t, err)
		c.Tag = tag
		_, err = c.Final()
		require.ErrorIs(t, err, nodecrypto.ErrNotTrue)
	}
	_, err := nodecrypto.NewCipher(spec, make([]byte, 15), make([]byte, 12), false)
	require.ErrorIs(t, err, nodecrypto.ErrKeyLength)
}

func TestBadPaddingAndBadLengthsAreErrors(t *testing.T) {
	spec, _ := nodecrypto.Lookup("aes-256-cbc")
	c, err := nodecrypto.NewCipher(spec, make([]byte, 32), make([]byte, 16), false)
	require.NoError(t, err)
	_, err = c.Update(make([]byte, 16))
	require.NoError(t, err)
	_, err = c.Final()
	require.ErrorIs(t, err, nodecrypto.ErrPadding)
	c, err = nodecrypto.NewCipher(spec, make([]byte, 32), make([]byte, 16), false)
	require.NoError(t, err)
	_, err = c.Update(make([]byte, 5))
	require.NoError(t, err)
	_, err = c.Final()
	require.ErrorIs(t, err, nodecrypto.ErrBlockLength)
	_, err = c.Update(nil)
	require.ErrorIs(t, err, nodecrypto.ErrFinished)
}
