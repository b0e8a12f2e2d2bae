package host_test

import (
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/host"
)

// busy has an operation of every kind under way. Its processes exit when their stdin ends.
const busy = `
const { exec, spawn } = require('child_process'), fs = require('fs'), net = require('net');
setTimeout(() => {}, 1e6);
setInterval(() => {}, 1);
setImmediate(function again() { setImmediate(again); });
spawn('cat', { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] });
exec('cat', () => {});
fs.readFile('/etc/passwd', () => {});
fs.promises.readdir('/').then(() => {});
fs.open('/dev/null', 'r', () => {});
fs.openSync('/dev/null');
fs.createReadStream('/dev/zero').on('data', () => {});
fs.createWriteStream('/dev/null').write(Buffer.alloc(1e6), () => {});
fs.watch('/', () => {});
const server = net.createServer((c) => { c.on('error', () => {}); c.pipe(c); }).listen(0, '127.0.0.1', () => {
  const c = net.connect(server.address().port, '127.0.0.1');
  c.write('x'.repeat(1e6));
  c.on('data', () => {}).on('error', () => {});
});
require('dgram').createSocket('udp4').bind(0, '127.0.0.1');
process.on('SIGUSR1', () => {});
require('dns').lookup('localhost', () => {});
(async () => { for (;;) await new Promise((resolve) => setTimeout(resolve, 1)); })();
`

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/dev/fd")
	require.NoError(t, err)
	return len(list)
}

func TestAHostCanBeClosedWhileAnythingIsUnderWay(t *testing.T) {
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, loop.Close()) }()
	for turns := range 12 {
		h, err := host.New(loop, nil)
		require.NoError(t, err)
		require.NoError(t, h.MainText(busy, nil))
		var turn func()
		turn = func() {
			if turns--; turns >= 0 {
				loop.SetTimeout(time.Millisecond, turn)
				return
			}
			require.NoError(t, h.Close())
			require.NoError(t, h.Close())
			h.Interrupt(nil)
			require.ErrorIs(t, h.Do(func(*engine.Scope) error { return nil }), host.ErrExited)
		}
		turn()
		require.NoError(t, loop.Run(), "what was under way does not hold the loop")
	}
}

func TestDescriptorsOfAScriptAreClosedWithItsHost(t *testing.T) {
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, loop.Close()) }()
	before := 0
	for i := range 3 {
		h, err := host.New(loop, nil)
		require.NoError(t, err)
		require.NoError(t, h.MainText(`
			const fs = require('fs');
			for (let i = 0; i < 5; i++) fs.openSync('/dev/null');
			fs.closeSync(fs.openSync('/dev/null'));
			fs.open('/dev/null', 'r', () => fs.promises.open('/dev/null').then((file) => { globalThis.file = file; }));`, nil))
		code, err := h.Run()
		require.NoError(t, err)
		require.Zero(t, code)
		require.NoError(t, h.Close())
		if i == 0 {
			before = descriptors(t) // With the descriptors that the loop opens once.
		}
	}
	require.Equal(t, before, descriptors(t))
}

func TestAHostIsNotClosedByWhatItsScriptCalls(t *testing.T) {
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, loop.Close()) }()
	h, err := host.New(loop, nil)
	require.NoError(t, err)
	require.NoError(t, h.Do(func(s *engine.Scope) error {
		return s.Global().Set("end", s.Function("end", func(c *engine.Call) (engine.Value, error) {
			return c.Undefined(), h.Close()
		}))
	}))
	require.Error(t, h.MainText("try { end() } catch { for (;;); }", nil), "nothing runs after that")
	require.NoError(t, h.Close())
}

// A thousand hosts, one after the other, leave nothing behind. Each has a script, a call of
// Host.Call, a child and a descriptor.
func TestManyHostsTakeNoMoreThanOne(t *testing.T) {
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, loop.Close()) }()
	open := func(n int) {
		for i := range n {
			h, err := host.New(loop, &host.Options{MemoryLimit: 64 << 20})
			require.NoError(t, err)
			require.NoError(t, h.MainText(`
				require('fs').openSync('/dev/null');
				globalThis.work = async () => {
					await new Promise(setImmediate);
					return Buffer.alloc(1e5, 'x').toString();
				};`, nil))
			if i%50 == 0 {
				require.NoError(t, h.MainText("require('child_process').spawn('cat').stdin.end()", nil))
			}
			var got string
			require.NoError(t, h.Do(func(s *engine.Scope) error {
				v, err := s.Global().Invoke("work")
				if err != nil {
					return err
				}
				return h.Await(v, func(_ *engine.Scope, v engine.Value, err error) { got = v.Text() })
			}))
			code, err := h.Run()
			require.NoError(t, err)
			require.Zero(t, code)
			require.Len(t, got, 1e5)
			require.NoError(t, h.Close())
		}
	}
	open(50)
	before, files, goroutines := resident(t), descriptors(t), runtime.NumGoroutine()
	many := 1000
	if testing.Short() {
		many = 100
	}
	open(many)
	require.Less(t, resident(t), before+32<<20, "a host that stayed would be 2 MB")
	require.Equal(t, files, descriptors(t))
	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
}

// A panic of a function of Go comes out of Do, and the host stays usable.
func TestAPanicComesOutOfDo(t *testing.T) {
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, loop.Close()) }()
	h, err := host.New(loop, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, h.Close()) }()
	require.NoError(t, h.Do(func(s *engine.Scope) error {
		return s.Global().Set("boom", s.Function("boom", func(*engine.Call) (engine.Value, error) { panic("boom") }))
	}))
	for _, source := range []string{"boom()", "try { boom() } catch {}", "Promise.resolve().then(boom)",
		"process.nextTick(boom)"} {
		require.PanicsWithValue(t, "boom", func() { _ = h.MainText(source, nil) }, source)
		require.NoError(t, h.MainText("1 + 1; Promise.resolve().then(() => { globalThis.ran = (globalThis.ran ?? 0) + 1 })",
			nil), source)
	}
	require.NoError(t, h.Do(func(s *engine.Scope) error {
		ran, err := s.Global().Get("ran")
		require.EqualValues(t, 4, ran.Int(), "reactions and ticks run again after a panic")
		return err
	}))
	mine := errors.New("of Go")
	require.ErrorIs(t, h.Do(func(*engine.Scope) error { return mine }), mine)
	require.NoError(t, h.MainText("1", nil), "an error of Go goes only to the caller")
}

// A host with EndOnSignals has a goroutine that ends with it, and restores what the signals did.
func TestAHostThatEndsOnSignalsLeavesThemAsTheyWere(t *testing.T) {
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, loop.Close()) }()
	var before int
	for i := range 5 {
		h, err := host.New(loop, &host.Options{EndOnSignals: true})
		require.NoError(t, err)
		require.NoError(t, h.MainText("require('brood').$`true`.then(() => process.once('SIGHUP', () => {}))", nil))
		code, err := h.Run()
		require.NoError(t, err)
		require.Zero(t, code)
		require.NoError(t, h.Close())
		for i > 0 && runtime.NumGoroutine() > before {
			runtime.Gosched() // Wait for the goroutine; the test's time limit ends a hang.
		}
		before = runtime.NumGoroutine() // with the goroutines that a program has once
	}
}
