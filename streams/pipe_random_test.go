package streams_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// randomPiping sends more bytes than all pipes hold through a pipe. The reader takes any amount at
// any time, and act is called after a random number of turns. It returns the bytes that went in,
// and the bytes that came out until the loop had nothing left to do.
func randomPiping(t *testing.T, rng *rand.Rand, p *piping, act func()) (want []byte, got func() []byte) {
	want = pattern(4 << 20)
	feedStream(t, p.l, p.in, want)
	p.r.Pipe(p.w, nil)
	var out []byte
	buf := make([]byte, 100<<10)
	take := func() {
		if n, err := unix.Read(p.out.FD, buf[:1+rng.IntN(len(buf))]); err != unix.EAGAIN {
			require.NoError(t, err)
			out = append(out, buf[:n]...)
		}
	}
	for range rng.IntN(80) {
		poll(t, p.l)
		if rng.IntN(2) == 0 {
			take()
		}
	}
	act()
	for p.l.Alive() {
		poll(t, p.l)
		take()
	}
	return want, func() []byte {
		rest, _ := p.out.ReadAll()
		return append(out, rest...)
	}
}

func TestUnpipeAtRandomMomentsLosesNothing(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	for seed := range rounds {
		rng := rand.New(rand.NewPCG(uint64(seed), 1))
		l := newLoop(t)
		p := newPiping(t, l, nil)
		if seed%2 == 1 {
			routes["copied"](p)
		}
		var rest []byte
		want, got := randomPiping(t, rng, p, func() {
			if p.r.Closed() {
				return
			}
			p.r.Unpipe(p.w)
			p.r.OnData(func(b []byte) { rest = append(rest, b...) })
			p.w.End()
		})
		requireSame(t, want, append(got(), rest...))
	}
}

func TestPipeElsewhereAtRandomMomentsLosesNothing(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	for seed := range rounds {
		rng := rand.New(rand.NewPCG(uint64(seed), 2))
		l := newLoop(t)
		p := newPiping(t, l, nil)
		w2, out2 := writePipe(t, l, nil)
		second := collect(t, newReadable(t, l, out2, nil), -1)
		want, got := randomPiping(t, rng, p, func() {
			p.r.Unpipe(p.w)
			p.w.End()
			p.r.Pipe(w2, nil)
		})
		require.NoError(t, second.err)
		requireSame(t, want, append(got(), second.data...))
	}
}

// A listener ends the splicing at once. It misses no bytes from then on, and the destination misses
// none at all.
func TestListeningToAPipedStreamAtRandomMoments(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	for seed := range rounds {
		rng := rand.New(rand.NewPCG(uint64(seed), 3))
		l := newLoop(t)
		p := newPiping(t, l, nil)
		var heard []byte
		var from int64
		want, got := randomPiping(t, rng, p, func() {
			from = p.r.BytesRead()
			left := rng.IntN(2 << 20)
			var listener interface{ Off() }
			listener = p.r.OnData(func(b []byte) {
				heard = append(heard, b...)
				if left -= len(b); left <= 0 {
					listener.Off()
				}
			})
		})
		requireSame(t, want, got())
		requireSame(t, want[from:from+int64(len(heard))], heard)
		if int(from) < len(want) {
			require.NotEmpty(t, heard)
		}
	}
}

func TestPauseAndResumeAtRandomMoments(t *testing.T) {
	rounds := 15
	if testing.Short() {
		rounds = 3
	}
	for seed := range rounds {
		rng := rand.New(rand.NewPCG(uint64(seed), 4))
		l := newLoop(t)
		p := newPiping(t, l, nil)
		want, got := randomPiping(t, rng, p, func() {
			pauses := 20
			var toggle func()
			toggle = func() {
				if p.r.Closed() {
					return
				}
				if p.r.Flowing() {
					p.r.Pause()
				} else if p.r.Resume(); pauses == 0 {
					return
				}
				pauses--
				l.SetImmediate(toggle)
			}
			toggle()
		})
		requireSame(t, want, got())
	}
}
