package ipc_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
)

// If a long message were copied with each piece that comes, the memory would be sixteen times as
// much for a message four times as long. (Benchmarks measure the time.)
func TestLargeMessagesTakeTheMemoryThatTheirLengthSays(t *testing.T) {
	if testing.Short() {
		t.Skip("it moves 160 MiB")
	}
	const size = 16 << 20
	for name, o := range map[string]*ipc.Options{"json": nil, "advanced": advanced} {
		t.Run(name, func(t *testing.T) {
			one, four := memoryOf(t, o, size), memoryOf(t, o, 4*size)
			require.Less(t, four, 9*one/2)
			require.Less(t, one, uint64(16*size))
		})
	}
}

// memoryOf returns the bytes that are allocated while a message of that length goes from one
// channel to another.
func memoryOf(t *testing.T, o *ipc.Options, size int) uint64 {
	t.Helper()
	l := newLoop(t)
	a, b := newPair(t, l, o)
	text := strings.Repeat("x", size)
	got := 0
	b.OnMessage(func(m *ipc.Message) {
		got = len(m.Raw())
		b.Disconnect()
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	require.NoError(t, a.Send(text))
	run(t, l)
	runtime.ReadMemStats(&after)
	require.Greater(t, got, size)
	return after.TotalAlloc - before.TotalAlloc
}

// A newline is put among the bytes that came before. It shows whether the next piece makes the
// channel search them again.
func TestBytesThatWereKeptAreNotSearchedAgain(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	j.watch(c)
	p.send("[1, 2,")
	poll(t, l)
	require.Equal(t, "[1, 2,", string(c.Kept()))
	c.Kept()[3] = '\n'
	p.send("3")
	poll(t, l)
	p.send("]\n")
	p.close()
	run(t, l)
	require.Equal(t, []string{"[1,\n2,3]", "disconnect"}, j.Entries)
}
