package pool_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/looptest"
)

// hammer sends requests to a server until it is stopped, each by a new connection.
type hammer struct {
	url     string
	stop    atomic.Bool
	wg      sync.WaitGroup
	news    chan struct{} // has a value after an answer or error
	mu      sync.Mutex
	answers map[string]int
	errors  []error
}

func startHammer(url string, clients int) *hammer {
	h := &hammer{url: url, news: make(chan struct{}, 1), answers: map[string]int{}}
	for range clients {
		h.wg.Go(h.run)
	}
	return h
}

func (h *hammer) run() {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: looptest.HangLimit()}
	for !h.stop.Load() {
		text, err := get(client, h.url)
		h.mu.Lock()
		if err != nil {
			h.errors = append(h.errors, err)
		} else {
			h.answers[text]++
		}
		h.mu.Unlock()
		select {
		case h.news <- struct{}{}:
		default: // The last one was not received yet.
		}
	}
}

// seen waits for an answer.
func (h *hammer) seen(t *testing.T, want string) {
	t.Helper()
	hang := time.After(looptest.HangLimit())
	for {
		h.mu.Lock()
		n, errs := h.answers[want], h.errors
		h.mu.Unlock()
		require.Empty(t, errs)
		if n > 0 {
			return
		}
		select {
		case <-h.news:
		case <-hang:
			require.Fail(t, "never", want)
		}
	}
}

func get(client *http.Client, url string) (string, error) {
	r, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	return string(text), err
}

// copyFile copies the program of this test, with more bytes at its end.
func copyFile(t *testing.T, to string, more int) (size int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	text = append(text, make([]byte, more)...)
	require.NoError(t, os.WriteFile(to+".new", text, 0o700))
	require.NoError(t, os.Rename(to+".new", to))
	return int64(len(text))
}

//brood:checks W062 W063 W065 W066 W067
func TestAServerIsReloadedAndUpgradedWithoutALostRequest(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "server")
	oldSize := copyFile(t, program, 0)
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), httpDir+"="+dir)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewReader(stdout)
	addr, err := lines.ReadString('\n')
	require.NoError(t, err)

	control := &http.Client{Timeout: looptest.HangLimit(), Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, "control"))
		},
	}}
	ask := func(what string) string {
		t.Helper()
		text, err := get(control, "http://server/"+what)
		require.NoError(t, err)
		return text
	}
	h := startHammer("http://"+strings.TrimSpace(addr), 4)
	for i := range 12 {
		if i == 4 || i == 8 {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "broken"), nil, 0o600))
			require.Contains(t, ask("reload"), "0 of 2 workers replaced")
			require.NoError(t, os.Remove(filepath.Join(dir, "broken")))
			continue
		}
		require.Equal(t, "<nil>", ask("reload"))
	}
	h.seen(t, fmt.Sprint(oldSize, " 13"))

	// A new program that does not start leaves the old one.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken"), nil, 0o600))
	require.Contains(t, ask("upgrade"), "pool: upgrade: ")
	require.NoError(t, os.Remove(filepath.Join(dir, "broken")))
	require.Equal(t, "<nil>", ask("reload"))

	newSize := copyFile(t, program, 1000)
	require.Equal(t, "<nil>", ask("upgrade"))
	h.seen(t, fmt.Sprint(newSize, " 1"))
	// It fails because the new program still has the pipe. The status is checked below.
	_ = cmd.Wait()
	require.True(t, cmd.ProcessState.Success())
	require.FileExists(t, filepath.Join(dir, "control"), "the path of a unix listener stays")
	require.Equal(t, "<nil>", ask("reload"))
	h.seen(t, fmt.Sprint(newSize, " 2"))

	h.stop.Store(true)
	h.wg.Wait()
	require.Empty(t, h.errors, "no refused connection and no lost request")
	require.Equal(t, "<nil>", ask("stop"))
	for {
		if _, err := get(control, "http://server/"); err != nil {
			return // It has closed its listener, and is about to exit.
		}
	}
}
