package frames_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkSplit32 and BenchmarkSplit32Across cut 64 KiB into small frames, each within a read or
// every second one across two.

func BenchmarkSplit32(b *testing.B) { benchmarkSplit(b, 64<<10) }

func BenchmarkSplit32Across(b *testing.B) { benchmarkSplit(b, 48) }

func benchmarkSplit(b *testing.B, piece int) {
	const frame = 28
	for name, kind := range splitters {
		b.Run(name, func(b *testing.B) {
			one := kind.framed(strings.Repeat("x", frame))
			want := 64 << 10 / len(one)
			text := bytes.Repeat(one, want)
			s := kind.splitter(1 << 20)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if n, _ := count(s, text, piece); n != want {
					require.Equal(b, want, n)
				}
			}
		})
	}
}
