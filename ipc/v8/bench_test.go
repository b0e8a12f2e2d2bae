package v8_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc/v8"
)

// benchRecord is an element of the messages of the IPC scenarios in bench/.
type benchRecord struct {
	ID   int     `json:"id"`
	Name string  `json:"name"`
	Done bool    `json:"done"`
	Took float64 `json:"took"`
}

type benchMessage struct {
	N    int           `json:"n"`
	S    string        `json:"s,omitempty"`
	Rows []benchRecord `json:"rows,omitempty"`
}

func benchRows(n int) *benchMessage {
	m := &benchMessage{N: 1000, S: "hello"}
	for i := range n {
		m.Rows = append(m.Rows, benchRecord{i, "file number", i%2 == 0, float64(i) / 4})
	}
	return m
}

var benchMessages = []struct {
	name  string
	value *benchMessage
}{{"small", benchRows(0)}, {"1KiB", benchRows(18)}, {"64KiB", benchRows(1130)}}

func BenchmarkMessage(b *testing.B) {
	for _, m := range benchMessages {
		p, err := v8.Append(nil, m.value)
		require.NoError(b, err)
		each := func(name string, fn func() error) {
			b.Run(m.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(p)))
				b.ReportAllocs()
				for b.Loop() {
					if err := fn(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		var buf []byte
		each("encode", func() (err error) { buf, err = v8.Append(buf[:0], m.value); return err })
		each("decode", func() error { return v8.Decode(p, new(benchMessage)) })
		each("value", func() error { _, err := v8.Value(p); return err })
	}
}
