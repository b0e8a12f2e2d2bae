package main

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/ipc"
)

// receiveGrowth receives longer and longer messages without decoding them: it times how a channel
// takes messages out of a stream of bytes. They are encoded before, and another thread writes them
// as fast as the channel takes them.
func receiveGrowth() scenario {
	const bytes, most = 64 << 20, 20_000
	g := growth{name: "a message received, not decoded, with its size", unit: "message", with: "bytes", ops: 1, sizes: messageSizes}
	g.series = []series{{
		name: "brood", exponent: linear, because: becauseNewMemory,
		run: func(size int) time.Duration {
			n := max(1, min(most, bytes/size))
			return receiveFrames(n, size) / time.Duration(n)
		},
	}}
	return g.scenario()
}

// receiveFrames makes a channel receive n messages of size bytes.
func receiveFrames(n, size int) time.Duration {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(err)
	frame := make([]byte, size+1) // A string as JSON, and a newline.
	for i := range frame {
		frame[i] = 'x'
	}
	frame[0], frame[size-1], frame[size] = '"', '"', '\n'
	l := newLoop()
	check(unix.SetNonblock(fds[0], true))
	c, err := ipc.New(l, fds[0], nil)
	check(err)
	got := 0
	c.OnMessage(func(m *ipc.Message) {
		mustEqual(len(m.Raw()), size)
		if got++; got == n {
			c.Disconnect()
		}
	})
	written := make(chan struct{})
	start := time.Now()
	go func() { // This goroutine ends when all is written, before all is received.
		defer close(written)
		peer := os.NewFile(uintptr(fds[1]), "peer")
		for range n {
			_, err := peer.Write(frame)
			check(err)
		}
		check(peer.Close())
	}()
	check(l.Run())
	d := time.Since(start)
	<-written
	mustEqual(got, n)
	check(l.Close())
	return d
}
