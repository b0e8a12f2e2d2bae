package signals_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// BenchmarkSignalDelivery measures one signal from kill(2) to the callback, which sends the next
// one. The floor is os/signal alone: kill(2) to the receiving goroutine.
func BenchmarkSignalDelivery(b *testing.B) {
	deliver := func(b *testing.B, l *reactor.Loop) {
		b.ReportAllocs()
		pid := os.Getpid()
		var w *signals.Watcher
		w = watch(b, l, usr1, func(signals.Signal) {
			if b.Loop() {
				_ = unix.Kill(pid, usr1)
			} else {
				w.Close()
			}
		})
		send(b, usr1)
		run(b, l)
	}
	b.Run("watcher", func(b *testing.B) { deliver(b, newLoop(b)) })
	b.Run("watcher without signalfd", func(b *testing.B) {
		l := newLoop(b)
		signals.ForgoSignalfd(l)
		deliver(b, l)
	})
	b.Run("signal.Notify", func(b *testing.B) {
		b.ReportAllocs()
		pid := os.Getpid()
		c := notify(b, usr1)
		for b.Loop() {
			require.NoError(b, unix.Kill(pid, usr1))
			<-c
		}
	})
}
