package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// get fetches a path of the server under a name of it.
func get(t *testing.T, s *site, path, host string) (code int, body string, header http.Header) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.ln.Addr().String()+path, nil)
	require.NoError(t, err)
	r.Host = host
	answer, err := transport.RoundTrip(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text), answer.Header
}

func TestThePageIsForThoseWhoKnowTheToken(t *testing.T) {
	s := serve(t, "/bin/false")
	own := s.ln.Addr().String()
	for path, want := range map[string]int{
		"/":                           http.StatusForbidden,
		"/?token=":                    http.StatusForbidden,
		"/?token=" + s.token[1:]:      http.StatusForbidden,
		"/?token=" + s.token:          http.StatusOK,
		"/page.js":                    http.StatusOK,
		"/xterm/xterm.mjs":            http.StatusOK,
		"/xterm/LICENSE":              http.StatusOK,
		"/session?rows=24&cols=80":    http.StatusForbidden,
		"/main.go":                    http.StatusNotFound,
		"/session?token=" + s.token:   http.StatusBadRequest,
		"/nothing?token=" + s.token:   http.StatusNotFound,
		"/session?token=x&token=true": http.StatusForbidden,
	} {
		code, _, header := get(t, s, path, own)
		require.Equal(t, want, code, path)
		require.Equal(t, "no-referrer", header.Get("Referrer-Policy"), path)
		require.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
	}
	_, body, header := get(t, s, "/xterm/xterm.mjs", own)
	require.Contains(t, body, "The xterm.js authors")
	require.True(t, strings.HasPrefix(header.Get("Content-Type"), "text/javascript"), "a module has to be a script")
}

// A name that an attacker's server has given to this machine is another one.
func TestOtherNamesThanTheServersAreRefused(t *testing.T) {
	s := serve(t, "/bin/false")
	_, port, _ := strings.Cut(s.ln.Addr().String(), ":")
	for host, want := range map[string]int{
		"127.0.0.1:" + port:         http.StatusOK,
		"localhost:" + port:         http.StatusOK,
		"localhost":                 http.StatusForbidden,
		"example.org":               http.StatusForbidden,
		"example.org:" + port:       http.StatusForbidden,
		"localhost.example:" + port: http.StatusForbidden,
		"127.0.0.1:1":               http.StatusForbidden,
	} {
		code, _, _ := get(t, s, "/?token="+s.token, host)
		require.Equal(t, want, code, host)
		_, answer, err := dial(t, s, s.token, "http://"+host, host)
		if want == http.StatusOK {
			require.NoError(t, err, host)
		} else {
			require.Equal(t, want, answer.StatusCode, host)
		}
	}
}

func TestSessionsOfOthersAreRefused(t *testing.T) {
	s := serve(t, "/bin/false")
	own := "http://" + s.ln.Addr().String()
	for name, c := range map[string]struct{ token, origin string }{
		"no token":              {"", own},
		"a wrong token":         {strings.ToLower(s.token), own},
		"another site":          {s.token, "http://example.org"},
		"another port":          {s.token, "http://127.0.0.1:1"},
		"another name for here": {s.token, strings.Replace(own, "127.0.0.1", "localhost", 1)},
		"a file":                {s.token, "null"},
		"another scheme":        {s.token, strings.Replace(own, "http", "https", 1)},
		"nobody":                {s.token, ""},
	} {
		_, answer, err := dial(t, s, c.token, c.origin, "")
		require.Error(t, err, name)
		require.Equal(t, http.StatusForbidden, answer.StatusCode, name)
	}
}
