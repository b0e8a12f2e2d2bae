package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/streams"
)

// The data of a source that failed is incomplete, so its destination does not end well.
func TestPipeOfADestroyedSource(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		o    *streams.PipeOptions
		want string
	}{
		"with an error":          {errTest, nil, "error:test close"},
		"without":                {nil, nil, "finish close"},
		"with an error, kept":    {errTest, &streams.PipeOptions{KeepOpen: true}, ""},
		"without an error, kept": {nil, &streams.PipeOptions{KeepOpen: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachRoute(t, nil, func(t *testing.T, p *piping, hear func()) {
				hear()
				var dst journal
				dst.writableEvents(p.w)
				p.r.OnError(func(error) { require.False(t, p.w.Closed(), "the source's error comes first") })
				p.r.Pipe(p.w, c.o)
				p.in.WriteString("before")
				poll(t, p.l)
				p.r.Destroy(c.err)
				require.False(t, p.w.Closed(), "inside the call")
				run(t, p.l)
				dst.Wants(t, c.want)
				got, end := p.out.ReadAll()
				require.Equal(t, "before", string(got))
				require.Equal(t, c.want != "", end)
				p.w.End()
				run(t, p.l)
			})
		})
	}
}

// The destination gets the error of a read that failed, also if the source had failed before.
func TestPipeOfASourceThatFails(t *testing.T) {
	l := newLoop(t)
	peer, src := tcpPair(t)
	r := newReadable(t, l, src, nil)
	w, _ := writePipe(t, l, nil)
	late, _ := writePipe(t, l, nil)
	var dst, lateDst journal
	dst.writableEvents(w)
	lateDst.writableEvents(late)
	r.Pipe(w, nil)
	require.NoError(t, unix.SetsockoptLinger(peer.FD, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
	peer.Close()
	run(t, l)
	dst.Wants(t, "error:ECONNRESET close")
	r.Pipe(late, nil)
	run(t, l)
	lateDst.Wants(t, "error:ECONNRESET close")
}

func TestPipeOfAStreamThatIsOver(t *testing.T) {
	for name, finish := range map[string]func(p *piping){
		"ended":     func(p *piping) { p.r.Resume(); p.in.Close() },
		"destroyed": func(p *piping) { p.r.Destroy(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPiping(t, l, nil)
			finish(p)
			run(t, l)
			p.r.Pipe(p.w, nil)
			require.False(t, p.w.Closed(), "inside the call")
			run(t, l)
			require.True(t, p.w.Closed())
		})
	}
}

func TestPipeToAClosedDestination(t *testing.T) {
	for name, o := range map[string]*streams.PipeOptions{"": nil, "KeepSource": {KeepSource: true}} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPiping(t, l, nil)
			p.w.Destroy(nil)
			p.in.WriteString("unread")
			p.r.Pipe(p.w, o)
			require.False(t, p.r.Closed(), "inside the call")
			run(t, l)
			require.Equal(t, o == nil, p.r.Closed())
			require.Zero(t, p.r.BytesRead())
		})
	}
}

// If the destination ends early, the source is destroyed, and its writer gets SIGPIPE.
func TestPipeDestroysTheSourceOfABrokenDestination(t *testing.T) {
	for name, breakIt := range map[string]func(p *piping){
		"broken pipe": func(p *piping) { p.out.Close() },
		"destroyed":   func(p *piping) { p.w.Destroy(nil) },
		"an error":    func(p *piping) { p.w.Destroy(errTest) },
		"ended":       func(p *piping) { p.w.End() },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPiping(t, l, nil)
			var src journal
			src.readableEvents(p.r)
			p.r.Pipe(p.w, nil)
			p.in.WriteString("passed")
			poll(t, l)
			breakIt(p)
			p.in.WriteString("lost")
			run(t, l)
			src.Wants(t, "close")
			_, err := unix.Write(p.in.FD, []byte("x"))
			require.Equal(t, unix.EPIPE, err)
		})
	}
}

// Data that the broken destination did not get stays in the source, for another.
func TestPipeKeepSource(t *testing.T) {
	for name, breakIt := range map[string]func(p *piping){
		"destroyed": func(p *piping) { p.w.Destroy(nil) },
		"an error":  func(p *piping) { p.w.Destroy(errTest) },
		"ended":     func(p *piping) { p.w.End() },
		"ended while it flushes": func(p *piping) {
			if _, err := p.w.Write(make([]byte, 8<<20)); err != nil {
				panic(err)
			}
			p.w.End()
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPiping(t, l, nil)
			p.r.Pipe(p.w, &streams.PipeOptions{KeepSource: true})
			p.in.WriteString("for the first")
			poll(t, l)
			breakIt(p)
			p.in.WriteString("for the second")
			for range 10 {
				poll(t, l)
			}
			require.False(t, p.r.Closed())
			require.False(t, p.r.Flowing())
			w, out := writePipe(t, l, nil)
			p.r.Pipe(w, nil)
			require.True(t, p.r.Flowing())
			poll(t, l)
			got, _ := out.Read()
			require.Equal(t, "for the second", string(got))
			p.in.Close()
			p.w.Destroy(nil)
			run(t, l)
		})
	}
}

// The same holds if only the kernel knows that the destination is broken, and the kernel moved the
// bytes.
func TestBrokenPipeWithKeepSource(t *testing.T) {
	eachRoute(t, nil, func(t *testing.T, p *piping, hear func()) {
		hear()
		var dst journal
		dst.writableEvents(p.w)
		p.r.Pipe(p.w, &streams.PipeOptions{KeepSource: true})
		p.out.Close()
		p.in.WriteString("x")
		for range 3 {
			poll(t, p.l)
		}
		dst.Wants(t, "error:EPIPE close")
		require.False(t, p.r.Closed())
		p.r.Destroy(nil)
		run(t, p.l)
	})
}

func TestOneOfSeveralDestinationsBreaks(t *testing.T) {
	l := newLoop(t)
	p := newPiping(t, l, nil)
	w2, out2 := writePipe(t, l, nil)
	p.r.Pipe(p.w, nil)
	p.r.Pipe(w2, nil)
	want := pattern(2 << 20)
	feedStream(t, l, p.in, want)
	for range 5 {
		poll(t, l) // Now out2, which is not read, holds both up.
	}
	out2.Close()
	got, end := drainUntilIdle(t, l, p.out)
	require.True(t, end)
	requireSame(t, want, got)
	run(t, l)
	require.True(t, w2.Closed())
}
