package host_test

import (
	"bytes"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/host"
)

// world is a host whose loop a benchmark or a test turns by hand.
type world struct {
	tb   testing.TB
	loop *reactor.Loop
	*host.Host
}

// newWorld runs a script. Its host is closed at the end of the test.
func newWorld(tb testing.TB, source string) *world {
	tb.Helper()
	loop, err := reactor.New(nil)
	require.NoError(tb, err)
	h, err := host.New(loop, nil)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		require.NoError(tb, h.Close())
		require.NoError(tb, loop.Close())
	})
	require.NoError(tb, h.MainText(source, nil))
	return &world{tb, loop, h}
}

// global keeps a global function of the script.
func (w *world) global(name string) (kept engine.Kept) {
	w.tb.Helper()
	require.NoError(w.tb, w.Do(func(s *engine.Scope) error {
		v, err := s.Global().Get(name)
		kept = v.Keep()
		return err
	}))
	return kept
}

// call calls the function once, and then runs what the script has deferred.
func (w *world) call(fn engine.Kept, n int) {
	err := w.Do(func(s *engine.Scope) error {
		_, err := s.Kept(fn).Call(s.Undefined(), s.Int(int64(n)))
		return err
	})
	if err != nil {
		w.tb.Fatal(err)
	}
}

// newPeer returns the other end of the channel to the parent of scripts that are made after it.
func newPeer(tb testing.TB) (fd int) {
	tb.Helper()
	both, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, unix.Close(both[0])) })
	tb.Setenv("NODE_CHANNEL_FD", strconv.Itoa(both[1]))
	return both[0]
}

// exchange writes to a descriptor, and reads as many bytes of the script's answer.
func (w *world) exchange(fd int, message, answer []byte) {
	if _, err := unix.Write(fd, message); err != nil {
		w.tb.Fatal(err)
	}
	for got := 0; got < len(answer); {
		if _, err := w.loop.Poll(-1); err != nil {
			w.tb.Fatal(err)
		}
		n, _, err := unix.Recvfrom(fd, answer[got:], unix.MSG_DONTWAIT)
		if err != nil && err != unix.EAGAIN {
			w.tb.Fatal(err)
		}
		got += max(0, n)
	}
}

var smallMessage = []byte(`{"n":100,"s":"the quick brown fox"}` + "\n")

// BenchmarkMessage sends a message that a script answers.
func BenchmarkMessage(b *testing.B) {
	peer := newPeer(b)
	w := newWorld(b, "process.on('message', (m) => process.send(m))")
	answer := make([]byte, len(smallMessage))
	b.ReportAllocs()
	for b.Loop() {
		w.exchange(peer, smallMessage, answer)
	}
	require.Equal(b, string(smallMessage), string(answer))
}

// BenchmarkMessageIn sends messages to a script, many at a time.
func BenchmarkMessageIn(b *testing.B) {
	peer := newPeer(b)
	w := newWorld(b, "let n = 0; process.on('message', (m) => { if (++n % 100 === 0) process.send(1) })")
	hundred, answer := bytes.Repeat(smallMessage, 100), make([]byte, 2)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%100 == 0 {
			w.exchange(peer, hundred, answer)
		}
	}
}

// BenchmarkMessageOut receives messages from a script, many at a time.
func BenchmarkMessageOut(b *testing.B) {
	peer := newPeer(b)
	w := newWorld(b, `process.on('message', (m) => { for (let i = 0; i < 100; i++) process.send({ n: 100, s: 'the quick brown fox' }) })`)
	answer := make([]byte, 100*len(smallMessage))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%100 == 0 {
			w.exchange(peer, []byte("1\n"), answer)
		}
	}
}

// BenchmarkData sends a chunk to a stream of a script, which answers it.
func BenchmarkData(b *testing.B) {
	both, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(b, err)
	defer func() { require.NoError(b, unix.Close(both[0])) }()
	w := newWorld(b, "new (require('net').Socket)({ fd: "+strconv.Itoa(both[1])+" }).on('data', function (chunk) { this.write(chunk) })")
	answer := make([]byte, len(smallMessage))
	b.ReportAllocs()
	for b.Loop() {
		w.exchange(both[0], smallMessage, answer)
	}
}

// BenchmarkScript measures the parts of the loop and of its events in a script.
func BenchmarkScript(b *testing.B) {
	for name, source := range map[string]string{
		"emit": `const e = new (require('events'))().on('x', (a) => {}); globalThis.go = (n) => { while (n-- > 0) e.emit('x', n); }`,
		"emit to two": `const e = new (require('events'))().on('x', (a) => {}).on('x', (a) => {});
			globalThis.go = (n) => { while (n-- > 0) e.emit('x', n); }`,
		"nextTick":       `globalThis.go = (n) => { const step = () => { if (--n > 0) process.nextTick(step); }; step(); }`,
		"queueMicrotask": `globalThis.go = (n) => { const step = () => { if (--n > 0) queueMicrotask(step); }; step(); }`,
		"await":          `globalThis.go = async (n) => { while (n-- > 0) await null; }`,
		"Buffer.from":    `globalThis.go = (n) => { while (n-- > 0) Buffer.from('hello'); }`,
		"toString":       `const b = Buffer.from('hello'); globalThis.go = (n) => { while (n-- > 0) b.toString(); }`,
	} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, source)
			fn := w.global("go")
			b.ReportAllocs()
			b.ResetTimer()
			w.call(fn, b.N)
		})
	}
}

// BenchmarkDo calls an empty function of a script with Host.Do.
func BenchmarkDo(b *testing.B) {
	w := newWorld(b, `globalThis.go = () => {}`)
	fn := w.global("go")
	b.ReportAllocs()
	for b.Loop() {
		w.call(fn, 1)
	}
}

// BenchmarkImmediate runs an immediate of a script.
func BenchmarkImmediate(b *testing.B) {
	benchmarkTurns(b, `globalThis.go = (n) => { const step = () => { if (--n > 0) setImmediate(step); else done = true; }; step(); }`)
}

// BenchmarkTimeout fires a timer of a script. It takes at least the timer's time.
func BenchmarkTimeout(b *testing.B) {
	benchmarkTurns(b, `globalThis.go = (n) => { while (--n > 0) setTimeout(() => {}, 1); setTimeout(() => { done = true; }, 1); }`)
}

// benchmarkTurns turns the loop until the script's work was done b.N times.
func benchmarkTurns(b *testing.B, source string) {
	w := newWorld(b, "globalThis.done = false;"+source)
	fn := w.global("go")
	b.ReportAllocs()
	b.ResetTimer()
	w.call(fn, b.N)
	for alive := true; alive; {
		var err error
		if alive, err = w.loop.Poll(time.Minute); err != nil {
			b.Fatal(err)
		}
	}
}
