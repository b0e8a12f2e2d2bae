package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A name that an attacker's server has given to this machine is another one.
func TestOtherNamesThanTheServersAreRefused(t *testing.T) {
	s := serve(t, 1, 0)
	s.ready(1)
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
		for _, path := range []string{"/", "/metrics", "/healthz"} {
			code, _, _ := get(t, s, path, host)
			require.Equal(t, want, code, host+path)
		}
	}
}

func TestPostsOfOtherSitesChangeNothing(t *testing.T) {
	s := serve(t, 1, 0)
	s.ready(1)
	own := "http://" + s.Hosts[0]
	for name, origin := range map[string]string{
		"another site":          "http://example.org",
		"another port":          "http://127.0.0.1:1",
		"another name for here": strings.Replace(own, "127.0.0.1", "localhost", 1),
		"a file":                "null",
		"another scheme":        strings.Replace(own, "http", "https", 1),
		"nobody":                "",
	} {
		for path, body := range map[string]string{"/reload": "", "/resize": "workers=3", "/kill": "worker=1", "/load": "rate=9"} {
			header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {origin}}
			if origin == "" {
				header.Del("Origin")
			}
			code, _, _ := do(t, s, http.MethodPost, path, s.Hosts[0], body, header)
			require.Equal(t, http.StatusForbidden, code, name+path)
		}
	}
	s.on(func() {
		require.Equal(t, 1, s.board.pool.Stats().Peak)
		require.Equal(t, 1, s.board.pool.Stats().Generation)
		require.Zero(t, s.board.load.rate)
	})
}
