package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/streams"
)

func TestUnpipeStopsTheFlowUntilTheNextListener(t *testing.T) {
	eachRoute(t, nil, func(t *testing.T, p *piping, hear func()) {
		hear()
		p.r.Pipe(p.w, nil)
		p.in.WriteString("piped")
		poll(t, p.l)
		p.r.Unpipe(p.w)
		require.False(t, p.r.Flowing())
		p.in.WriteString("kept")
		run(t, p.l)
		got, _ := p.out.Read()
		require.Equal(t, "piped", string(got))
		require.False(t, p.w.Closed())

		var j journal
		j.data(p.r)
		require.True(t, p.r.Flowing())
		p.in.Close()
		run(t, p.l)
		j.Wants(t, "data:kept")
		require.False(t, p.w.Closed(), "it is not piped any more")
		p.w.End()
		run(t, p.l)
	})
}

func TestUnpipeDoesNotUndoTheUsersPause(t *testing.T) {
	l := newLoop(t)
	p := newPiping(t, l, nil)
	p.r.Pipe(p.w, nil)
	p.r.Pause()
	p.r.Unpipe(p.w)
	p.in.WriteString("x")
	p.r.OnData(func([]byte) { require.Fail(t, "the user paused") })
	run(t, l)
	require.False(t, p.r.Flowing())
}

func TestUnpipeAll(t *testing.T) {
	l := newLoop(t)
	p := newPiping(t, l, nil)
	w2, out2 := writePipe(t, l, nil)
	p.r.Unpipe(nil) // Harmless.
	p.r.Unpipe(w2)
	p.r.Pipe(p.w, nil)
	p.r.Pipe(w2, nil)
	p.in.WriteString("both")
	poll(t, l)
	p.r.Unpipe(w2)
	require.True(t, p.r.Flowing(), "there is another")
	p.in.WriteString(", one")
	poll(t, l)
	p.r.Pipe(w2, nil)
	p.r.Unpipe(nil)
	require.False(t, p.r.Flowing())
	p.in.WriteString("none")
	run(t, l)
	a, _ := p.out.Read()
	b, _ := out2.Read()
	require.Equal(t, "both, one|both", string(a)+"|"+string(b))
}

// A listener of the end may remove the pipe, though the pipe gets that end too.
func TestUnpipeInTheEnd(t *testing.T) {
	l := newLoop(t)
	p := newPiping(t, l, nil)
	p.r.OnEnd(func() { p.r.Unpipe(p.w) })
	p.r.Pipe(p.w, nil)
	p.in.Close()
	run(t, l)
	require.True(t, p.r.Closed())
	require.False(t, p.w.Closed())
}

// A listener of the destination's close may do the same: the source is not destroyed.
func TestUnpipeInTheCloseOfTheDestination(t *testing.T) {
	l := newLoop(t)
	p := newPiping(t, l, nil)
	p.w.OnClose(func() { p.r.Unpipe(p.w) })
	p.r.Pipe(p.w, nil)
	p.w.Destroy(nil)
	run(t, l)
	require.False(t, p.r.Closed())
	require.False(t, p.r.Flowing())
}

// A listener, which gets the chunk before the pipe, may end the pipe or its destination. The
// destination then does not get the chunk.
func TestListenerEndsThePipeBeforeTheChunk(t *testing.T) {
	for name, c := range map[string]struct {
		act  func(p *piping)
		want string
	}{
		"Unpipe":  {func(p *piping) { p.r.Unpipe(p.w) }, "data:1"},
		"End":     {func(p *piping) { p.w.End() }, "data:1 data:2 end close"},
		"Destroy": {func(p *piping) { p.w.Destroy(nil) }, "data:1 data:2 end close"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPiping(t, l, nil)
			var j journal
			p.r.OnData(func(b []byte) {
				j.Add("data:" + string(b))
				c.act(p)
			})
			j.readableEvents(p.r)
			p.r.Pipe(p.w, nil)
			p.in.WriteString("1")
			poll(t, l)
			p.in.WriteString("2")
			p.in.Close()
			run(t, l)
			j.Wants(t, c.want)
			got, _ := p.out.ReadAll()
			require.Empty(t, got)
			p.w.End()
			run(t, l)
		})
	}
}

// The library's own consumers of the data go on when a pipe beside them ends.
func TestUnpipeLeavesCollectorsAlone(t *testing.T) {
	l := newLoop(t)
	p := newPiping(t, l, nil)
	got := collect(t, p.r, -1)
	p.r.Pipe(p.w, nil)
	p.in.WriteString("piped, ")
	poll(t, l)
	p.r.Unpipe(p.w)
	require.True(t, p.r.Flowing())
	p.in.WriteString("not piped")
	p.in.Close()
	run(t, l)
	got.wants(t, "piped, not piped", nil)
	out, _ := p.out.ReadAll()
	require.Equal(t, "piped, ", string(out))
	p.w.End()
	run(t, l)
}

// No part of a removed pipe keeps its source flowing, in any order of the calls: new data stays in
// the kernel.
func TestUnpipeLeavesNothingThatReads(t *testing.T) {
	for name, c := range map[string]func(t testing.TB, p *piping){
		"at once": func(t testing.TB, p *piping) { p.r.Pipe(p.w, nil); p.r.Unpipe(nil) },
		"twice":   func(t testing.TB, p *piping) { p.r.Pipe(p.w, nil); p.r.Pipe(p.w, nil); p.r.Unpipe(p.w) },
		"with a listener": func(t testing.TB, p *piping) {
			l := p.r.OnData(func([]byte) {})
			p.r.Pipe(p.w, nil)
			l.Off()
			p.r.Unpipe(nil)
		},
		"while it waits": func(t testing.TB, p *piping) {
			fillStream(t, p.w)
			write(t, p.w, make([]byte, streams.DefaultHighWaterMark))
			p.r.Pipe(p.w, nil)
			poll(t, p.l)
			p.r.Unpipe(p.w)
		},
		"in its own data": func(t testing.TB, p *piping) {
			p.r.OnData(func([]byte) { p.r.Unpipe(nil) })
			p.r.Pipe(p.w, nil)
			p.in.WriteString("x")
			poll(t, p.l)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPiping(t, l, nil)
			c(t, p)
			before := p.r.BytesRead()
			p.in.WriteString("kept")
			for range 5 {
				poll(t, l)
			}
			require.Equal(t, before, p.r.BytesRead())
			require.False(t, p.r.Flowing())
			p.r.Destroy(nil)
			p.w.Destroy(nil)
			run(t, l)
		})
	}
}
