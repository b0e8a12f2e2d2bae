package host_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/host"
)

// webhook answers requests with a function of a script, which returns a promise of {status, body}.
// net/http calls it on a goroutine for each request.
type webhook struct{ host *host.Host }

func (w webhook) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, 1<<20))
	if err != nil {
		http.Error(rw, "too long", http.StatusRequestEntityTooLarge)
		return
	}
	// r.Context is done when the client disconnects.
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	var status int64
	var text string
	err = w.host.Call(ctx, func(s *engine.Scope) (engine.Value, error) {
		return s.Global().Invoke("onHook", s.String(r.URL.Path), s.String(string(body)))
	}, func(v engine.Value) error {
		code, err := v.Get("status")
		if err != nil {
			return err
		}
		answer, err := v.Get("body")
		status, text = code.Int(), answer.Text()
		return err
	})
	switch x, ok := errors.AsType[*engine.Exception](err); {
	case ok: // the function's exception, or the rejection of its promise
		http.Error(rw, x.Message, http.StatusInternalServerError)
	case err != nil: // The script has ended, or takes too long.
		http.Error(rw, err.Error(), http.StatusServiceUnavailable)
	default:
		rw.WriteHeader(int(status))
		fmt.Fprint(rw, text)
	}
}

// A server of webhooks: each request calls a function of the script, and is answered when the
// function's promise is settled. Many requests may wait at once.
func ExampleHost_Call() {
	loop, err := reactor.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	h, err := host.New(loop, &host.Options{MemoryLimit: 64 << 20})
	if err != nil {
		log.Fatal(err)
	}
	if err := h.MainText(`
		import { setTimeout } from 'node:timers/promises';
		import { createHash } from 'node:crypto';
		const seen = new Set();
		globalThis.onHook = async (path, body) => {
			const event = JSON.parse(body);
			if (path === '/slow') await setTimeout(1);
			const id = createHash('sha256').update(body).digest('hex').slice(0, 8);
			if (seen.has(id)) return { status: 200, body: 'seen before' };
			seen.add(id);
			return { status: 201, body: event.kind + ' ' + id };
		};`, nil); err != nil {
		log.Fatal(err)
	}
	release := loop.Hold() // Keeps the loop running until the server stops.
	ended := make(chan error)
	go func() { // Ends after release, below.
		_, err := h.Run()
		ended <- err
	}()

	server := httptest.NewServer(webhook{h})
	for _, request := range [][2]string{{"/", `{"kind":"push"}`}, {"/slow", `{"kind":"tag"}`}, {"/", `{"kind":"push"}`},
		{"/", "{"}} {
		r, err := http.Post(server.URL+request[0], "application/json", strings.NewReader(request[1]))
		if err != nil {
			log.Fatal(err)
		}
		answer, _ := io.ReadAll(r.Body)
		r.Body.Close()
		text, _, _ := strings.Cut(string(answer), ":")
		fmt.Println(r.StatusCode, strings.TrimSpace(text))
	}

	server.CloseClientConnections()
	server.Close() // Waits for the requests under way, which need the loop.
	release()
	if err := <-ended; err != nil {
		log.Fatal(err)
	}
	h.Close()
	loop.Close()
	// Output:
	// 201 push 12d5c685
	// 201 tag e3f356ed
	// 200 seen before
	// 500 SyntaxError
}
