package streams_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/events"
)

// A parser of records, each a length in a line and then as many bytes, switches between listeners.
// It works with any chunks and pauses.
func TestSwitchingBackAndForth(t *testing.T) {
	for seed := range 200 {
		rng := rand.New(rand.NewPCG(uint64(seed), 9))
		var in []byte
		var want, got []string
		for range 30 {
			body := string(pattern(1 << 10)[:rng.IntN(100)])
			want = append(want, body)
			in = fmt.Appendf(in, "%d\n%s", len(body), body)
		}
		l := newLoop(t)
		r, w := readPipe(t, l, nil)
		maybePause := func() {
			if rng.IntN(4) == 0 {
				r.Pause()
				l.SetImmediate(r.Resume)
			}
		}
		var header, body func()
		header = func() {
			var line *events.Listener
			line = r.OnLine(func(p []byte) {
				line.Off()
				var n int
				_, err := fmt.Sscan(string(p), &n)
				require.NoError(t, err)
				maybePause()
				got = append(got, "")
				if n == 0 {
					header()
					return
				}
				body = func() {
					var data *events.Listener
					data = r.OnData(func(p []byte) {
						k := min(n, len(p))
						got[len(got)-1] += string(p[:k])
						if n -= k; n == 0 {
							data.Off()
							require.NoError(t, r.Unshift(p[k:]))
							maybePause()
							header()
						}
					})
				}
				body()
			})
		}
		header()
		for len(in) > 0 {
			n := min(1+rng.IntN(200), len(in))
			w.Write(in[:n])
			in = in[n:]
			if rng.IntN(2) == 0 {
				poll(t, l)
			}
		}
		w.Close()
		run(t, l)
		require.Equal(t, want, got, "seed %d", seed)
	}
}
