package host_test

import "testing"

func TestURLsAreTakenApartByTheStandard(t *testing.T) {
	requireExamples(t, "", []example{
		{"new URL('HTTP://user:p%40ss@EXAMPLE.com:80/a/../b?x=1#y').href", `"http://user:p%40ss@example.com/b?x=1#y"`},
		{"new URL('../c?d', 'http://a/b/e').href", `"http://a/c?d"`},
		{"new URL('http://日本語.jp').hostname", `"xn--wgv71a119e.jp"`},
		{"new URL('file:///C:/a').origin", `"null"`},
		{"new URL('blob:https://a.b/c').origin", `"https://a.b"`},
		{"((u) => { u.host = 'b:8'; u.pathname = 'x y'; u.search = '?q'; u.hash = ''; u.protocol = 'wss'; return u; })(new URL('https://a/'))", `"wss://b:8/x%20y?q"`},
		{"((u) => { u.port = '70000'; u.hostname = ''; return u.href; })(new URL('https://a:1/'))", `"https://a:1/"`},
		{"((u) => { u.searchParams.append('b', 'ä &'); u.searchParams.delete('a'); return [u.href, u.searchParams.size]; })(new URL('http://x/?a=1&c=2'))", `["http://x/?c=2&b=%C3%A4+%26",2]`},
		{"((p) => { p.sort(); return [...p]; })(new URLSearchParams('z=1&a=2&z=0'))", `[["a","2"],["z","1"],["z","0"]]`},
		{"String(new URLSearchParams({ a: 1, b: 'x y' }))", `"a=1&b=x+y"`},
		{"String(new URLSearchParams([['a', 'b'], ['c', '%']]))", `"a=b&c=%25"`},
		{"new URLSearchParams('?a=%zz&b=%C3%A9').get('b')", `"é"`},
		{"URL.canParse('x')", "false"},
		{"URL.parse('x')", "null"},
		{"((e) => [e.code, e.input, e.base, String(e)])((() => { try { new URL('x', 'y'); } catch (e) { return e; } })())",
			`["ERR_INVALID_URL","x","y","TypeError: Invalid URL"]`},
		{"new URL()", `TypeError ERR_MISSING_ARGS: The "url" argument must be specified`},
		{"new URLSearchParams([[1]])",
			"TypeError ERR_INVALID_TUPLE: Each query pair must be an iterable [name, value] tuple"},
		{"new URLSearchParams('').append('a')",
			`TypeError ERR_MISSING_ARGS: The "name" and "value" arguments must be specified`},
		{"URLSearchParams.prototype.get.call({}, 'a')",
			`TypeError ERR_INVALID_THIS: Value of "this" must be of type URLSearchParams`},
	})
}

func TestFileURLsAndPathsAreOneAnother(t *testing.T) {
	requireExamples(t, "const url = require('url');", []example{
		{"url.fileURLToPath('file:///a%20b/%C3%A9')", `"/a b/é"`},
		{"url.fileURLToPath('file:///C:/a/b', { windows: true })", `"C:\\a\\b"`},
		{"url.fileURLToPath('file://host/a', { windows: true })", `"\\\\host\\a"`},
		{"url.pathToFileURL('/a b/é?#%~').href", `"file:///a%20b/%C3%A9%3F%23%25%7E"`},
		{`url.pathToFileURL('C:\\a\\b', { windows: true }).href`, `"file:///C:/a/b"`},
		{`url.pathToFileURL('\\\\nas\\s\\f', { windows: true }).href`, `"file://nas/s/f"`},
		{"url.urlToHttpOptions(new URL('http://u:p@[::1]:8/a?b#c'))", `{"protocol":"http:","hostname":"::1","hash":"#c","search":"?b","pathname":"/a","path":"/a?b","href":"http://u:p@[::1]:8/a?b#c","port":8,"auth":"u:p"}`},
		{"url.domainToASCII('español.com')", `"xn--espaol-zwa.com"`},
		{"url.domainToUnicode('xn--espaol-zwa.com')", `"español.com"`},
		{"url.domainToASCII('xn--iñvalid.com')", `""`},
		{"url.fileURLToPath('http://a')", "TypeError ERR_INVALID_URL_SCHEME: The URL must be of scheme file"},
		{"url.fileURLToPath('file://host/a')", `TypeError ERR_INVALID_FILE_URL_HOST: File URL host must be "localhost" or empty on linux`},
		{"url.fileURLToPath('file:///a%2Fb')", "TypeError ERR_INVALID_FILE_URL_PATH: File URL path must not include encoded / characters"},
		{"url.fileURLToPath(5)", `TypeError ERR_INVALID_ARG_TYPE: The "path" argument must be of type string or an instance of URL. Received type number (5)`},
	})
}

func TestOldURLsAreTakenApartAsInNode(t *testing.T) {
	requireExamples(t, "process.emitWarning = () => {}; const url = require('url');", []example{
		{"url.parse('http://user:pass@Host.com:8080/p/a/t/h?query=string#hash')", `{"protocol":"http:","slashes":true,"auth":"user:pass","host":"host.com:8080","port":"8080","hostname":"host.com","hash":"#hash","search":"?query=string","query":"query=string","pathname":"/p/a/t/h","path":"/p/a/t/h?query=string","href":"http://user:pass@host.com:8080/p/a/t/h?query=string#hash"}`},
		{"url.parse('/a?b=c&b=d', true)", `{"protocol":null,"slashes":null,"auth":null,"host":null,"port":null,"hostname":null,"hash":null,"search":"?b=c&b=d","query":{"b":["c","d"]},"pathname":"/a","path":"/a?b=c&b=d","href":"/a?b=c&b=d"}`},
		{"url.parse('//host/path', false, true)", `{"protocol":null,"slashes":true,"auth":null,"host":"host","port":null,"hostname":"host","hash":null,"search":null,"query":null,"pathname":"/path","path":"/path","href":"//host/path"}`},
		{"url.parse('javascript:alert(1)')", `{"protocol":"javascript:","slashes":null,"auth":null,"host":null,"port":null,"hostname":null,"hash":null,"search":null,"query":null,"pathname":"alert(1)","path":"alert(1)","href":"javascript:alert(1)"}`},
		{"url.parse('mailto:a@b.c')", `{"protocol":"mailto:","slashes":null,"auth":"a","host":"b.c","port":null,"hostname":"b.c","hash":null,"search":null,"query":null,"pathname":null,"path":null,"href":"mailto:a@b.c"}`},
		{`url.parse('http:\\\\a\\b?c\\d').href`, `"http://a/b?c%5Cd"`},
		{"url.parse('http://a.com/ {}|').pathname", `"/%20%7B%7D%7C"`},
		{"url.format({ protocol: 'http', host: 'a', pathname: 'b#?', query: { c: [1, 'x y'] } })", `"http://a/b%23%3F?c=1&c=x%20y"`},
		{"url.format(new URL('http://u:p@xn--espaol-zwa.com/a?b#c'), { auth: false, fragment: false, unicode: true })", `"http://español.com/a?b"`},
		{"url.resolve('/one/two/three', 'four')", `"/one/two/four"`},
		{"url.resolve('http://example.com/one', '/two')", `"http://example.com/two"`},
		{"url.resolve('http://a/b/c/d;p?q', '../../g?y#z')", `"http://a/g?y#z"`},
		{"url.resolve('mailto:a@b.c', 'd')", `"mailto:a@d"`},
		{"url.resolve('http://a/b', '//c/d')", `"http://c/d"`},
		{"url.parse('http://a:b/')", "TypeError ERR_INVALID_ARG_VALUE: The argument 'url' http://a:b/. Received 'Invalid port in url'"},
		{"url.parse('http://[a b]/')", "TypeError ERR_INVALID_URL: Invalid URL"},
		{"url.parse({})", `TypeError ERR_INVALID_ARG_TYPE: The "url" argument must be of type string. Received an instance of Object`},
	})
}

func TestQueriesAreParsedAsInNode(t *testing.T) {
	requireExamples(t, "const qs = require('querystring');", []example{
		{"qs.parse('a=1&b=2&a=3&c&=d&&e=%C3%A9+f')", `{"a":["1","3"],"b":"2","c":"","":"d","e":"é f"}`},
		{"qs.parse('a:1;b:2', ';', ':')", `{"a":"1","b":"2"}`},
		{"qs.parse('a=1&b=2&c=3', null, null, { maxKeys: 2 })", `{"a":"1","b":"2"}`},
		{"qs.parse('a=%zz&b=%E4')", `{"a":"%zz","b":"�"}`},
		{"qs.parse('a=b', '&', '=', { decodeURIComponent: (s) => s.toUpperCase() })", `{"A":"B"}`},
		{"qs.stringify({ a: [1, 'x y'], b: true, c: null, d: 2n, e: NaN })", `"a=1&a=x%20y&b=true&c=&d=2&e="`},
		{"qs.stringify({ a: 'ä' }, ';', ':', { encodeURIComponent: (s) => '<' + s + '>' })", `"<a>:<ä>"`},
		{`qs.escape('a&b ü\'!')`, `"a%26b%20%C3%BC'!"`},
		{"qs.unescape('%41%zz')", `"A%zz"`},
		{"qs.unescapeBuffer('%41+%').toString()", `"A+%"`},
		{`qs.escape('\ud800')`, "URIError ERR_INVALID_URI: URI malformed"},
	})
}
