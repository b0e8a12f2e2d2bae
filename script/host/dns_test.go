package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLookups(t *testing.T) {
	require.Equal(t, []string{
		"ERR_INVALID_ARG_TYPE ERR_INVALID_ARG_VALUE ERR_INVALID_ARG_VALUE ERR_INVALID_ARG_VALUE ERR_INVALID_ARG_TYPE",
		"inside", "null 127.0.0.1 4", `[{"address":"::1","family":6}]`, "127.0.0.1", "getaddrinfo nothing.invalid true",
	}, printed(t, `
		const dns = require('dns');
		const bad = (...args) => { try { dns.lookup(...args, () => {}); } catch (e) { return e.code; } };
		console.log(bad(1, {}), bad('x', { hints: 100 }), bad('x', 5), bad('', {}), bad('x', { all: 1 }));
		(async () => {
			await new Promise((resolve) => {
				dns.lookup('127.0.0.1', (...answer) => { console.log(...answer.map(String)); resolve(); });
				console.log('inside');
			});
			console.log(JSON.stringify(await dns.promises.lookup('::1', { all: true })));
			console.log((await dns.promises.lookup('localhost', 4)).address);
			await dns.promises.lookup('nothing.invalid').catch((e) => {
				console.log(e.syscall, e.hostname, ['ENOTFOUND', 'EAI_AGAIN', 'ESERVFAIL', 'ETIMEOUT'].includes(e.code));
			});
		})();`))
}
