package nodejson_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/nodejson"
)

// 64 KiB of the records in the messages of the IPC scenarios in bench/. The cost of a message there
// is the sum of the three benchmarks, and the system calls.

type (
	record struct {
		ID   int     `json:"id"`
		Name string  `json:"name"`
		Done bool    `json:"done"`
		Took float64 `json:"took"`
	}
	datedRecord struct {
		record
		Key   int64     `json:"key"` // 19 digits
		At    time.Time `json:"at"`
		Ratio float32   `json:"ratio"`
	}
	records[T any] struct {
		N    int `json:"n"`
		Rows []T `json:"rows"`
	}
)

const recordBytes = 64 << 10

func plainRecords() any {
	m := new(records[record])
	for i := range recordBytes / len(`{"id":100,"name":"file number","done":false,"took":12.25},`) {
		m.Rows = append(m.Rows, record{i, "file number", i%2 == 0, float64(i) / 4})
	}
	return m
}

// datedNames is the number of records of datedRecords, each with a name of its own.
const datedNames = recordBytes / 140

func datedRecords() any {
	m := new(records[datedRecord])
	start := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
	for i := range datedNames {
		m.Rows = append(m.Rows, datedRecord{
			record{i, fmt.Sprintf("file %d", i), i%2 == 0, float64(i) / 4},
			1<<62 + int64(i), start.Add(time.Duration(i) * time.Second), float32(i) / 7,
		})
	}
	return m
}

var recordKinds = []struct {
	name  string
	value any
	fresh func() any
}{
	{"plain", plainRecords(), func() any { return new(records[record]) }},
	{"dated", datedRecords(), func() any { return new(records[datedRecord]) }},
}

func BenchmarkRecords(b *testing.B) {
	for _, k := range recordKinds {
		text, err := json.Marshal(k.value)
		require.NoError(b, err)
		b.Run(k.name+"/encode", func(b *testing.B) {
			var e nodejson.Encoder
			var buf []byte
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				buf, _ = e.Append(buf[:0], k.value)
			}
		})
		b.Run(k.name+"/look", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = nodejson.Cmd(text, 0)
			}
		})
		b.Run(k.name+"/decode", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				_ = nodejson.Decode(text, k.fresh())
			}
		})
		b.Run(k.name+"/value", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = nodejson.Value(text)
			}
		})
	}
}

// A slice grows by the length of its first elements. Its memory is still at most a multiple of its
// elements.
func TestASliceIsNotMadeForElementsThatDoNotCome(t *testing.T) {
	for _, elements := range []int{1, 4, 5, 64, 65, 1000} {
		text := "[" + strings.Repeat("1,", elements-1) + "1" + strings.Repeat(" ", 1<<20) + "]"
		var list []int
		require.NoError(t, nodejson.Decode([]byte(text), &list))
		require.Len(t, list, elements)
		require.LessOrEqual(t, cap(list), 32*elements, "%d elements", elements)
	}
}

// The short way of most numbers returns the result of encoding/json, or leaves the text to it.
func TestNumbersAreReadAsByTheLibrary(t *testing.T) {
	for _, text := range []string{
		"0", "-0", "00", "01", "1.", "1.0", ".5", "-.5", "0.5", "-0.5", "1.5e3", "1e3", "1E+3", "1e", "1.e3", "12.25", "0.1", "0.30000000000000004",
		"123456789012345", "1234567890123456", "12345678901234.5", "123456789012345.6", "0.000000000000001", "9007199254740993", "1e400", "1.5x", "--1", "-", "+1",
	} {
		for _, p := range []string{text, "[" + text + "]", `{"A":` + text + "}"} {
			type one struct{ A float64 }
			for _, pair := range [][2]any{{new(float64), new(float64)}, {new([]float64), new([]float64)}, {new(one), new(one)}} {
				got, want := nodejson.Decode([]byte(p), pair[0]), json.Unmarshal([]byte(p), pair[1])
				require.Equal(t, want == nil, got == nil, "%s into %T: %v, %v", p, pair[0], got, want)
				if want == nil {
					require.Equal(t, pair[1], pair[0], "%s", p)
				}
			}
		}
	}
}

// A text of lines, each of which ends with an escape: the message of 64 KiB in bench/ that is one
// string.
func BenchmarkText(b *testing.B) {
	type message struct {
		S string `json:"s"`
	}
	m := &message{strings.Repeat("the quick brown fox jumps over the lazy dog, over and over\n", recordBytes/60)}
	text, err := json.Marshal(m)
	require.NoError(b, err)
	b.Run("encode", func(b *testing.B) {
		var e nodejson.Encoder
		var buf []byte
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			buf, _ = e.Append(buf[:0], m)
		}
	})
	b.Run("mentions", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			_ = nodejson.Mentions(text, "NODE_")
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			_ = nodejson.Decode(text, new(message))
		}
	})
}
