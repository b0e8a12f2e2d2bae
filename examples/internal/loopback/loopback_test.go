package loopback_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/loopback"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

func TestOtherAddressesThanLoopbackAreRefused(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0"} {
		ln, err := loopback.Listen(addr)
		require.ErrorContains(t, err, "not a loopback address", addr)
		require.Nil(t, ln)
	}
	_, err := loopback.Listen("nowhere")
	require.ErrorAs(t, err, new(*net.OpError))
}

// ask returns the status of the answer to a request that a server at an address gets.
func ask(t *testing.T, at net.TCPAddr, method, host string, header map[string]string) int {
	t.Helper()
	g := loopback.NewGuard(&at)
	r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
	r.Host = host
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	g.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "in") })).ServeHTTP(answer, r)
	require.Equal(t, answer.Code == http.StatusOK, answer.Body.String() == "in")
	require.Contains(t, answer.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")
	return answer.Code
}

var (
	v4 = net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}
	v6 = net.TCPAddr{IP: net.IPv6loopback, Port: 8080}
)

func web(at net.TCPAddr) net.TCPAddr { return net.TCPAddr{IP: at.IP, Port: 80} }

// A name that an attacker's server has given to this machine is another one.
func TestOtherNamesThanTheServersAreRefused(t *testing.T) {
	for _, c := range []struct {
		at   net.TCPAddr
		host string
		want int
	}{
		{v4, "127.0.0.1:8080", http.StatusOK},
		{v4, "localhost:8080", http.StatusOK},
		{v6, "[::1]:8080", http.StatusOK},
		{v6, "localhost:8080", http.StatusOK},
		{v4, "localhost", http.StatusForbidden},
		{v4, "127.0.0.1", http.StatusForbidden},
		{v4, "example.org", http.StatusForbidden},
		{v4, "example.org:8080", http.StatusForbidden},
		{v4, "localhost.example:8080", http.StatusForbidden},
		{v4, "127.0.0.1:1", http.StatusForbidden},
		{v4, "", http.StatusForbidden},
		// Browsers leave the port out that http has by itself.
		{web(v4), "127.0.0.1", http.StatusOK},
		{web(v4), "localhost", http.StatusOK},
		{web(v4), "127.0.0.1:80", http.StatusOK},
		{web(v6), "[::1]", http.StatusOK},
		{web(v6), "::1", http.StatusForbidden},
		{web(v4), "example.org", http.StatusForbidden},
	} {
		require.Equal(t, c.want, ask(t, c.at, http.MethodGet, c.host, nil), "%s at %s", c.host, &c.at)
	}
}

func TestPagesOfOtherSitesAreRefused(t *testing.T) {
	const host, own = "127.0.0.1:8080", "http://127.0.0.1:8080"
	for name, c := range map[string]struct {
		method string
		header map[string]string
		want   int
	}{
		"a page's post":                {http.MethodPost, map[string]string{"Origin": own}, http.StatusOK},
		"another site's":               {http.MethodPost, map[string]string{"Origin": "http://example.org"}, http.StatusForbidden},
		"another port's":               {http.MethodPost, map[string]string{"Origin": "http://127.0.0.1:1"}, http.StatusForbidden},
		"another scheme's":             {http.MethodPost, map[string]string{"Origin": "https://127.0.0.1:8080"}, http.StatusForbidden},
		"by another name for here":     {http.MethodPost, map[string]string{"Origin": "http://localhost:8080"}, http.StatusForbidden},
		"a file's":                     {http.MethodPost, map[string]string{"Origin": "null"}, http.StatusForbidden},
		"nobody's":                     {http.MethodPost, nil, http.StatusForbidden},
		"nobody's, another method":     {http.MethodDelete, nil, http.StatusForbidden},
		"a program's get":              {http.MethodGet, nil, http.StatusOK},
		"a page's script":              {http.MethodGet, map[string]string{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "script"}, http.StatusOK},
		"a typed address":              {http.MethodGet, map[string]string{"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document"}, http.StatusOK},
		"a link from another site":     {http.MethodGet, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}, http.StatusOK},
		"another site's event source":  {http.MethodGet, map[string]string{"Origin": "http://example.org"}, http.StatusForbidden},
		"another site's image":         {http.MethodGet, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}, http.StatusForbidden},
		"another port's image":         {http.MethodGet, map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "image"}, http.StatusForbidden},
		"another site's frame":         {http.MethodGet, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"}, http.StatusForbidden},
		"another site's, only looking": {http.MethodHead, map[string]string{"Origin": "http://example.org"}, http.StatusForbidden},
	} {
		require.Equal(t, c.want, ask(t, v4, c.method, host, c.header), name)
	}
}
