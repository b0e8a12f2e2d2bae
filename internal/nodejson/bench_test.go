package nodejson_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/nodejson"
)

// The cost of reading and writing a struct by a plan, by the library for all other types, and by
// encoding/json. bench/json_test.go has other libraries too.

type (
	// wide has a field of every kind that messages of programs have.
	wide struct {
		wideHeader
		*WideOrigin
		Seq   int64          `json:"seq"` // 19 digits
		Total uint64         `json:"total"`
		Ratio float32        `json:"ratio"`
		Place [3]float64     `json:"place"`
		At    time.Time      `json:"at"`
		Body  []byte         `json:"body"`
		Meta  map[string]any `json:"meta"`
		Grid  [][]int        `json:"grid"`
	}
	wideHeader struct {
		ID   int    `json:"id"`
		Kind string `json:"kind"`
	}
	WideOrigin struct {
		Host string `json:"host"`
		Port uint16 `json:"port"`
	}
)

func newWide(i int) wide {
	return wide{
		wideHeader: wideHeader{i, "job"},
		WideOrigin: &WideOrigin{"worker-1", 8080},
		Seq:        1<<62 + int64(i),
		Total:      1<<63 + uint64(i),
		Ratio:      float32(i) / 7,
		Place:      [3]float64{float64(i) / 3, 0.5, -2},
		At:         time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC).Add(time.Duration(i) * time.Second),
		Body:       bytes.Repeat([]byte{byte(i), 0xff, 0x00}, 16),
		Meta:       map[string]any{"user": "ann", "tries": 2.0, "tags": []any{"a", "b"}},
		Grid:       [][]int{{1, 2, 3}, {40, 50, 60}},
	}
}

// Each of these has fields of one kind, to show the cost of the kind.
var benchKinds = []benchKind{
	kind("embedded", struct {
		wideHeader
		*WideOrigin
	}{wideHeader{7, "job"}, &WideOrigin{"worker-1", 8080}}),
	kind("array", struct{ A, B [3]int }{[3]int{1, 2, 3}, [3]int{40, 50, 60}}),
	kind("float32", struct{ A, B, C float32 }{0.5, 1.0 / 7, 1234}),
	kind("int64", struct{ A, B int64 }{1 << 62, -1 << 63}),
	kind("uint64", struct{ A, B uint64 }{1 << 63, 1<<64 - 1}),
	kind("time", struct{ A, B time.Time }{newWide(0).At, newWide(1).At}),
	kind("bytes", struct{ A, B []byte }{newWide(0).Body, newWide(1).Body}),
	kind("map_any", struct{ A map[string]any }{newWide(0).Meta}),
	kind("raw", struct {
		A json.RawMessage
		N json.Number
	}{json.RawMessage(`{"user":"ann","tries":2,"tags":["a","b"]}`), "12.5"}),
	kind("nested", struct{ A [][]int }{newWide(0).Grid}),
	kind("wide", newWide(5)),
	kind("wide_64KiB", func() (list []wide) {
		for i := range 180 {
			list = append(list, newWide(i))
		}
		return list
	}()),
}

type benchKind struct {
	name  string
	value any // a pointer, as most messages are
	fresh func() any
}

func kind[T any](name string, v T) benchKind {
	return benchKind{name, &v, func() any { return new(T) }}
}

// benchWays are the compared ways. Each writes into a reused buffer, without escapes for HTML.
var benchWays = []struct {
	name   string
	encode func() func(v any) ([]byte, error)
	decode func(p []byte, v any) error
}{
	{"plan", func() func(v any) ([]byte, error) {
		var buf []byte
		var e nodejson.Encoder
		return func(v any) (_ []byte, err error) {
			buf, err = e.Append(buf[:0], v)
			return buf, err
		}
	}, nodejson.Decode},
	{"library", func() func(v any) ([]byte, error) {
		var buf []byte
		var e nodejson.Encoder
		return func(v any) (_ []byte, err error) {
			buf, err = e.AppendByLibrary(buf[:0], v)
			return buf, err
		}
	}, nodejson.DecodeByLibrary},
	{"encoding_json", func() func(v any) ([]byte, error) {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		return func(v any) ([]byte, error) {
			buf.Reset()
			err := enc.Encode(v)
			return buf.Bytes(), err
		}
	}, json.Unmarshal},
}

func BenchmarkKindEncode(b *testing.B) {
	for _, k := range benchKinds {
		for _, w := range benchWays {
			b.Run(fmt.Sprintf("%s/%s", k.name, w.name), func(b *testing.B) {
				encode := w.encode()
				p, err := encode(k.value)
				require.NoError(b, err)
				b.SetBytes(int64(len(p)))
				b.ReportAllocs()
				for b.Loop() {
					_, _ = encode(k.value) // The first call has been checked.
				}
			})
		}
	}
}

func BenchmarkKindDecode(b *testing.B) {
	for _, k := range benchKinds {
		p, err := json.Marshal(k.value)
		require.NoError(b, err)
		for _, w := range benchWays {
			b.Run(fmt.Sprintf("%s/%s", k.name, w.name), func(b *testing.B) {
				require.NoError(b, w.decode(p, k.fresh()))
				b.SetBytes(int64(len(p)))
				b.ReportAllocs()
				for b.Loop() {
					_ = w.decode(p, k.fresh()) // The first call has been checked.
				}
			})
		}
	}
}
