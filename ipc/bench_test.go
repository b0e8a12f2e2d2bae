package ipc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

type small struct {
	N int    `json:"n"`
	S string `json:"s"`
}

// table is a message of about 64 KiB, of records.
type table struct {
	Rows []row `json:"rows"`
}

type row struct {
	ID   int     `json:"id"`
	Name string  `json:"name"`
	Done bool    `json:"done"`
	Took float64 `json:"took"`
}

func newTable() *table {
	t := new(table)
	for i := range 1130 {
		t.Rows = append(t.Rows, row{i, "file number", i%2 == 0, float64(i) / 4})
	}
	return t
}

// otherLoop runs fn's loop on a goroutine of its own until the benchmark ends.
func otherLoop(b *testing.B, fd int, fn func(l *reactor.Loop, c *ipc.Channel)) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		l, err := reactor.New(nil)
		if err != nil {
			panic(err)
		}
		c, err := ipc.New(l, fd, nil)
		if err != nil {
			panic(err)
		}
		fn(l, c)
		if err := l.Run(); err != nil {
			panic(err)
		}
		if err := l.Close(); err != nil {
			panic(err)
		}
	}()
	return func() { <-done }
}

func BenchmarkIPCEcho(b *testing.B) {
	l := newLoop(b)
	x, y := socketPair(b)
	c, err := ipc.New(l, x, nil)
	require.NoError(b, err)
	wait := otherLoop(b, y, func(_ *reactor.Loop, c *ipc.Channel) {
		c.OnMessage(func(m *ipc.Message) {
			var v small
			_ = m.Decode(&v)
			_ = c.Send(v)
		})
	})
	b.ReportAllocs()
	n := 0
	c.OnMessage(func(m *ipc.Message) {
		var v small
		_ = m.Decode(&v)
		if n++; n < b.N {
			_ = c.Send(v)
		} else {
			c.Disconnect()
		}
	})
	b.ResetTimer()
	require.NoError(b, c.Send(small{1, "hello"}))
	run(b, l)
	b.StopTimer()
	wait()
}

func benchmarkOneWay(b *testing.B, v any, decode func(m *ipc.Message)) {
	l := newLoop(b)
	x, y := socketPair(b)
	c, err := ipc.New(l, x, nil)
	require.NoError(b, err)
	got := 0
	wait := otherLoop(b, y, func(_ *reactor.Loop, c *ipc.Channel) {
		c.OnMessage(func(m *ipc.Message) { got++; decode(m) })
	})
	b.ReportAllocs()
	sent := 0
	pump := func() {
		for sent < b.N && !c.NeedDrain() {
			_ = c.Send(v)
			sent++
		}
		if sent == b.N {
			c.Disconnect()
		}
	}
	c.OnDrain(pump)
	b.ResetTimer()
	l.SetImmediate(pump)
	run(b, l)
	wait()
	b.StopTimer()
	require.Equal(b, b.N, got)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

func BenchmarkIPCOneWay(b *testing.B) {
	b.Run("32B", func(b *testing.B) {
		benchmarkOneWay(b, &small{1, "hello"}, func(m *ipc.Message) { var v small; _ = m.Decode(&v) })
	})
	b.Run("32B-raw", func(b *testing.B) {
		benchmarkOneWay(b, &small{1, "hello"}, func(m *ipc.Message) {})
	})
	b.Run("64K-records", func(b *testing.B) {
		benchmarkOneWay(b, newTable(), func(m *ipc.Message) { var v table; _ = m.Decode(&v) })
	})
	for _, size := range []int{1 << 10, 64 << 10} {
		v := small{1, strings.Repeat("x", size)}
		b.Run(map[int]string{1 << 10: "1K", 64 << 10: "64K"}[size], func(b *testing.B) {
			b.SetBytes(int64(size))
			benchmarkOneWay(b, &v, func(m *ipc.Message) {})
		})
	}
}
