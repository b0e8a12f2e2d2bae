package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHashesAreStreamsAndCanBeCopied(t *testing.T) {
	lines := printed(t, `
		const { createHash, createHmac, hash } = require('crypto');
		const h = createHash('sha1').update('a');
		const copy = h.copy().update('c');
		console.log(h.update('b').digest('hex'));
		console.log(copy.digest('base64'));
		console.log(createHmac('sha256', 'key').update(new DataView(new ArrayBuffer(2))).digest('hex').slice(0, 16));
		console.log(hash('md5', Buffer.from('a')));
		const stream = createHash('sha256');
		require('stream').pipeline(require('stream').Readable.from(['a', 'b']), stream, (error) => {
			console.log(error, stream.read().toString('hex').slice(0, 16));
		});
	`)
	require.Equal(t, []string{
		"da23614e02469a0d7c7bd1bdab5c9c474b1904dc", "DBHUY8dJ21g44sDkib+GnVMeVAM=", "9f62ed92c0d398de",
		"0cc175b9c0f1b6a831c399e269772661",
		"undefined fb8e20fc2e4c3f24",
	}, lines)
}

func TestCryptoRefusesWhatNodeRefuses(t *testing.T) {
	requireExamples(t, `const c = require('crypto'); const b = (n) => Buffer.alloc(n);`, []example{
		{`c.createHash('md7')`, "Error undefined: Digest method not supported"},
		{`c.createHmac('md7', 'k')`, "TypeError ERR_CRYPTO_INVALID_DIGEST: Invalid digest: md7"},
		{`c.createHash('md5').digest('hex', 0) && c.createHash('md5').update(5)`,
			`TypeError ERR_INVALID_ARG_TYPE: The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received type number (5)`},
		{`(() => { const h = c.createHash('md5'); h.digest(); h.update('a'); })()`,
			"Error ERR_CRYPTO_HASH_FINALIZED: Digest already called"},
		{`c.timingSafeEqual(b(1), b(2))`,
			"RangeError ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH: Input buffers must have the same byte length"},
		{`c.timingSafeEqual(b(1), b(1))`, "true"},
		{`c.createDecipheriv('aes-128-cbc', b(16), b(16)).update(b(16)) && c.createDecipheriv('aes-128-cbc', b(16), b(16)).final()`,
			"Error ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH: error:1C80006B:Provider routines::wrong final block length"},
		{`c.createCipheriv('aes-128-cbc', b(16), b(1))`, "TypeError ERR_CRYPTO_INVALID_IV: Invalid initialization vector"},
		{`c.createSign('sha1')`, "TypeError ERR_FEATURE_UNAVAILABLE_ON_PLATFORM: The feature crypto.createSign is unavailable on the current platform, " +
			"which is being used to run Node.js"},
		{`c.scryptSync('a', 'b', 4, { N: 2 ** 20 })`,
			"RangeError ERR_CRYPTO_INVALID_SCRYPT_PARAMS: Invalid scrypt params: memory limit exceeded"},
		{`c.randomInt(5, 5)`, `RangeError ERR_OUT_OF_RANGE: The value of "max" is out of range. It must be greater than the value of "min" (5). Received 5`},
		{`[c.randomInt(3) < 3, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())]`, "[true,true]"},
		{`c.scryptSync('password', 'salt', 8, { N: 16 }).toString('hex')`, `"f876178f94837d87"`},
	})
}

func TestKeysAreDerivedBesideTheLoop(t *testing.T) {
	lines := printed(t, `
		const { pbkdf2, pbkdf2Sync, hkdf, scrypt } = require('crypto');
		console.log(pbkdf2Sync('password', 'salt', 2, 20, 'sha1').toString('hex'));
		pbkdf2('password', 'salt', 2, 20, 'sha1', (error, key) => {
			console.log(error, key.toString('hex'));
			hkdf('sha256', 'key', 'salt', 'info', 8, (error, key) => {
				console.log(error, key instanceof ArrayBuffer, key.byteLength);
				scrypt('p', 's', 4, (error, key) => console.log(error, key.length));
			});
		});
		console.log('first');
	`)
	require.Equal(t, []string{
		"ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957", "first",
		"null ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957", "null true 8", "null 4",
	}, lines)
}
