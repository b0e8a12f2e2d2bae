package nodeurl_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/nodeurl"
)

func TestURLsAreParsed(t *testing.T) {
	p, err := nodeurl.Parse("../b?c#d", "HTTP://u:p@Example.com:8080/a/x")
	require.NoError(t, err)
	require.Equal(t, nodeurl.Parts{
		Href: "http://u:p@example.com:8080/b?c#d", Protocol: "http:", Username: "u", Password: "p",
		Host: "example.com:8080", Hostname: "example.com",
		Port: "8080", Pathname: "/b", Search: "?c", Hash: "#d",
	}, p)
	for text, want := range map[string]string{
		"x:a  ?b": "x:a %20?b", "http://a/^": "http://a/%5E", "data:a ": "data:a", "http://0x7f.1": "http://127.0.0.1/",
		"http://[::0:1]": "http://[::1]/",
	} {
		p, err := nodeurl.Parse(text, "")
		require.NoError(t, err, text)
		require.Equal(t, want, p.Href, text)
	}
	for _, text := range []string{"", "a", "http://", "http://a b", "http://[", "http://a:99999", "http://xn--a"} {
		_, err := nodeurl.Parse(text, "")
		require.ErrorIs(t, err, nodeurl.ErrInvalid, text)
	}
}

// The parser takes quadratic time for an authority's length.
func TestNoAuthorityIsLong(t *testing.T) {
	long := strings.Repeat("é", 1<<17)
	for _, text := range []string{"x://" + long, "http:" + long, `http:/\\` + long, " HTTP://" + long + "@a/", "x://a:" +
		long + "@b"} {
		_, err := nodeurl.Parse(text, "")
		require.ErrorIs(t, err, nodeurl.ErrInvalid, text[:20])
	}
	_, err := nodeurl.Parse("//"+long, "http://a")
	require.ErrorIs(t, err, nodeurl.ErrInvalid)
	for _, text := range []string{"http://a/" + long, `http:\\a\` + long, "data:" + long, "http://a?" + long, "x://a#" +
		long, "x:/" + long} {
		_, err := nodeurl.Parse(text, "")
		require.NoError(t, err, text[:20])
	}
	for _, text := range []string{long, "/" + long, "?" + long, "//b/" + long} {
		_, err := nodeurl.Parse(text, "http://a/b")
		require.NoError(t, err, text[:20])
	}
	for _, part := range []string{"username", "password", "host", "hostname", "port", "protocol"} {
		p, err := nodeurl.Set("http://a/", part, long)
		require.NoError(t, err)
		require.Equal(t, "http://a/", p.Href)
	}
	require.Empty(t, nodeurl.ToASCII(long))
}

func TestPartsAreSet(t *testing.T) {
	for _, c := range [][4]string{
		{"http://a/b", "host", "c:81", "http://c:81/b"},
		{"http://a/b", "hostname", "", "http://a/b"},
		{"http://a/b", "hostname", "x y", "http://a/b"},
		{"http://a/b", "port", "99999", "http://a/b"},
		{"http://a/b", "protocol", "mailto", "http://a/b"},
		{"http://a/b", "protocol", "https:", "https://a/b"},
		{"http://a/b", "username", "ü:", "http://%C3%BC%3A@a/b"},
		{"http://a/b", "pathname", "c d?", "http://a/c%20d%3F"},
		{"http://a/b?c", "search", "", "http://a/b"},
		{"http://a/b", "hash", "#x", "http://a/b#x"},
		{"mailto:a", "pathname", "b", "mailto:a"},
		{"data:a %20?b", "search", "", "data:a %20"},
	} {
		p, err := nodeurl.Set(c[0], c[1], c[2])
		require.NoError(t, err)
		require.Equal(t, c[3], p.Href, c)
	}
}

func TestDomainsAreConverted(t *testing.T) {
	require.Equal(t, "xn--espaol-zwa.com", nodeurl.ToASCII("Español.com"))
	require.Equal(t, "español.com", nodeurl.ToUnicode("xn--espaol-zwa.com"))
	require.Empty(t, nodeurl.ToASCII("xn--iñvalid.com"))
	require.Empty(t, nodeurl.ToASCII("a b"))
}

func TestFormsAreParsedAndWritten(t *testing.T) {
	require.Equal(t, []string{"a", "b c", "", "x", "d", "", "%zz", "\uFFFD"}, nodeurl.ParseForm("a=b+c&&=x&d&%zz=%FF"))
	require.Equal(t, "a=b+%26&=*-._%7E", nodeurl.Form([]string{"a", "b &", "", "*-._~"}))
	require.Equal(t, "/a%20b/%C3%A9%7E%25", nodeurl.EncodePath("/a b/é~%"))
	require.Equal(t, "a%2\xFF%", string(nodeurl.DecodePercent("a%2%ff%")))
}

func FuzzURLsStayWhatTheyAre(f *testing.F) {
	f.Add("http://a/b?c#d", "", "hostname", "x")
	f.Add("x:a  #", "", "hash", "")
	f.Add("//b:8/../c", "file:///C:/d", "host", "[::1]:9")
	f.Fuzz(func(t *testing.T, text, base, part, value string) {
		nodeurl.ToUnicode(value)
		p, err := nodeurl.Parse(text, base)
		if err != nil {
			return
		}
		again, err := nodeurl.Parse(p.Href, "")
		require.NoError(t, err, p.Href)
		require.Equal(t, p, again)
		for _, part := range []string{part, "protocol", "username", "host", "hostname", "port", "pathname", "search",
			"hash"} {
			_, err = nodeurl.Set(p.Href, part, value)
			require.NoError(t, err)
		}
	})
}
