package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A stream is what a page gets.
type stream struct {
	t    *testing.T
	body *bufio.Reader
	id   string // of the last event
	all  []sample
}

// openStream opens the stream of a page that has got the event id before, "" for none.
func openStream(t *testing.T, address, id string) *stream {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"events", nil)
	require.NoError(t, err)
	if id != "" {
		r.Header.Set("Last-Event-ID", id)
	}
	answer, err := transport.RoundTrip(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() }) // It may have ended.
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	return &stream{t: t, body: bufio.NewReader(answer.Body)}
}

// next returns the next event, and false at the end.
func (s *stream) next() (got snapshot, ok bool) {
	s.t.Helper()
	for {
		line, err := s.body.ReadString('\n')
		if err != nil {
			return got, false
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			s.id = value
		case "data":
			require.NoError(s.t, json.Unmarshal([]byte(value), &got))
			s.all = append(s.all, got.Samples...)
		case "":
			return got, true
		}
	}
}

// until reads on until an event is as wanted.
func (s *stream) until(want func(snapshot) bool) snapshot {
	s.t.Helper()
	for {
		got, ok := s.next()
		require.True(s.t, ok, "the stream ends")
		if want(got) {
			return got
		}
	}
}

// end reads the rest.
func (s *stream) end() {
	s.t.Helper()
	for ok := true; ok; {
		_, ok = s.next()
	}
}

func TestTheStreamHasNumbersWorkersAndSamplesInOrder(t *testing.T) {
	s := serve(t, 2, 200)
	page := openStream(t, s.url(), "")
	got := page.until(func(s snapshot) bool {
		return s.Done > 20 && len(s.Workers) == 2 && (maxMemory == 0 || s.Workers[0].Memory > 0) && len(s.Samples) > 0
	})
	require.Empty(t, got.Health)
	require.Equal(t, 1, got.Generation)
	require.Zero(t, got.Failed)
	require.Equal(t, []int{1, 2}, []int{got.Workers[0].Number, got.Workers[1].Number})
	require.Positive(t, got.Workers[0].Pid)
	require.Equal(t, "ready", got.Workers[0].State)
	last := got.Samples[len(got.Samples)-1]
	require.Positive(t, last.Done)
	require.Positive(t, last.Ran[1])
	require.GreaterOrEqual(t, last.Ran[1], last.Ran[0])
	inOrder(t, page.all)
	page.until(func(s snapshot) bool { return strings.Contains(s.Workers[0].Line, " was slow: ") })
}

func TestTheStreamTellsOfJobsThatFail(t *testing.T) {
	s := serve(t, 1, 0)
	page := openStream(t, s.url(), "")
	s.on(func() {
		_, err := s.board.pool.Run("no task", nil, s.board.load.done)
		require.NoError(t, err)
	})
	failed := uint64(0)
	got := page.until(func(s snapshot) bool {
		for _, one := range s.Samples {
			failed += one.Failed
		}
		return failed > 0
	})
	require.Equal(t, uint64(1), failed)
	require.Equal(t, uint64(1), got.Failed)
	require.Zero(t, got.Done)
}

// inOrder checks that no sample is missing or twice.
func inOrder(t *testing.T, all []sample) {
	t.Helper()
	for i := range all[1:] {
		require.Equal(t, all[i].Seq+1, all[i+1].Seq)
	}
}

func TestAStreamThatWasCutGoesOnWhereItWas(t *testing.T) {
	s := serve(t, 1, 50)
	first := openStream(t, s.url(), "")
	first.until(func(s snapshot) bool { return len(first.all) >= 3 })
	from := s.board.seq0(s)
	s.until("more samples", func() bool { return s.board.seq >= from+3 })
	second := openStream(t, s.url(), first.id)
	second.until(func(snapshot) bool { return len(second.all) >= 4 })
	inOrder(t, append(first.all, second.all...))

	// The ids of another run, and nonsense, are none.
	for _, id := range []string{"other 2", "nonsense", "1 2 3", s.board.boot + " 99999999999999999999", s.board.boot + " -1"} {
		third := openStream(t, s.url(), id)
		got, ok := third.next()
		require.True(t, ok)
		require.NotEmpty(t, got.Samples, id)
		require.Equal(t, uint64(1), got.Samples[0].Seq, id)
	}
}

// seq0 returns the number of the last sample.
func (b *board) seq0(s *site) (seq uint64) {
	s.on(func() { seq = b.seq })
	return seq
}

func TestNoMoreStreamsThanAllowedAreOpen(t *testing.T) {
	s := serve(t, 1, 0)
	for range mostStreams {
		openStream(t, s.url(), "").next()
	}
	code, text, _ := get(t, s, "/events", s.Hosts[0])
	require.Equal(t, http.StatusServiceUnavailable, code, text)
}
