package streams_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/streams"
)

// fuzzLimit keeps the bytes of one input within the smallest pipe.
const fuzzLimit = 4 << 10

// split cuts data into chunks. Each byte of cuts is the length of a chunk; they are used in turn,
// again and again.
func split(data, cuts []byte) [][]byte {
	if len(cuts) == 0 {
		return [][]byte{data}
	}
	var chunks [][]byte
	for i := 0; len(data) > 0; i++ {
		n := min(max(int(cuts[i%len(cuts)]), 1), len(data))
		chunks = append(chunks, data[:n])
		data = data[n:]
	}
	return chunks
}

func FuzzText(f *testing.F) {
	for _, c := range hardText {
		f.Add([]byte(c.in), []byte{1})
		f.Add([]byte(c.in), []byte{2, 3})
	}
	l := newLoop(f)
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		if len(data) > fuzzLimit {
			return
		}
		r, w := readPipe(t, l, nil)
		got := ""
		r.OnText(func(s string) { got += s })
		feed(t, l, w, split(data, cuts)...)
		require.Equal(t, textOf(data), got)
	})
}

// FuzzLines splits data anywhere, with a limit and with a pause in some callbacks, and compares
// with the lines of the whole.
func FuzzLines(f *testing.F) {
	f.Add([]byte("one\ntwo\r\n\r\nlast"), []byte{1}, uint8(0), uint8(1), uint8(0))
	f.Add([]byte("\r\r\n\n\r"), []byte{2, 1}, uint8(1), uint8(2), uint8(0))
	f.Add([]byte("long line\r\nlonger line\n"), []byte{200}, uint8(9), uint8(0), uint8(0))
	f.Add([]byte("12345\r"), []byte{6}, uint8(5), uint8(3), uint8(0))
	l := newLoop(f)
	f.Add([]byte("10%\r20%\r\n\rdone\n\r"), []byte{4, 1}, uint8(5), uint8(3), uint8(1))
	f.Add([]byte("a\nb\x00\x00c\r\x00last"), []byte{3}, uint8(0), uint8(2), uint8(2))
	f.Fuzz(func(t *testing.T, data, cuts []byte, maxLine, pauses, lineEnd uint8) {
		if len(data) > fuzzLimit {
			return
		}
		end := streams.LineEnd(lineEnd) % (streams.NUL + 1)
		want, wantErr := linesBy(end, data), error(nil)
		if maxLine > 0 {
			for i, line := range want {
				if len(line) > int(maxLine) {
					want, wantErr = want[:i], streams.ErrLineTooLong
					break
				}
			}
		}
		r, w := readPipe(t, l, &streams.ReadableOptions{LineEnd: end, MaxLine: int(maxLine)})
		var got []string
		var gotErr error
		ended, closed, paused := 0, 0, false
		r.OnLine(func(p []byte) {
			require.False(t, paused)
			got = append(got, string(p))
			if pauses>>(len(got)%8)&1 != 0 {
				paused = true
				r.Pause()
				l.SetImmediate(func() { paused = false; r.Resume() })
			}
		})
		r.OnEnd(func() { require.False(t, paused); ended++ })
		r.OnError(func(err error) { gotErr = errors.Join(gotErr, err) })
		r.OnClose(func() { closed++ })
		for _, p := range split(data, cuts) {
			if r.Closed() {
				break // The rest would have no reader.
			}
			w.Write(p)
			poll(t, l)
		}
		w.Close()
		run(t, l)
		require.Equal(t, len(want), len(got))
		for i := range want {
			require.Equal(t, want[i], got[i], "line %d", i)
		}
		require.Equal(t, 1, closed)
		if wantErr != nil {
			require.ErrorIs(t, gotErr, wantErr)
			require.Zero(t, ended)
		} else {
			require.NoError(t, gotErr)
			require.Equal(t, 1, ended)
		}
	})
}

// FuzzWriteQueue writes pieces of any size while the reader takes any amount now and then. The
// reader must get the bytes that were written.
func FuzzWriteQueue(f *testing.F) {
	f.Add([]byte{1, 0, 255, 3}, []byte{0, 9})
	f.Add([]byte{255, 255, 255}, []byte{})
	f.Add([]byte{16, 16, 16, 16, 200, 1}, []byte{1, 1, 255})
	l := newLoop(f)
	f.Fuzz(func(t *testing.T, sizes, reads []byte) {
		if len(sizes) > 64 {
			return
		}
		w, r := writePipe(t, l, nil)
		source := pattern(16 << 20)
		var want, got []byte
		for i, size := range sizes {
			// Up to 254 KiB, and 64 of them are less than the pattern.
			n := int(size) * int(size) * 4
			p := source[len(want) : len(want)+n : len(want)+n]
			want = append(want, p...)
			write(t, w, p)
			if len(reads) > 0 && reads[i%len(reads)] > 0 {
				p, _ := r.Read()
				got = append(got, p[:]...)
				poll(t, l)
			}
		}
		w.End()
		for l.Alive() {
			p, _ := r.ReadAll()
			got = append(got, p...)
			poll(t, l)
		}
		rest, end := r.ReadAll()
		require.True(t, end)
		requireSame(t, want, append(got, rest...))
	})
}
