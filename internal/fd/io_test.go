package fd_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

type (
	reader func(n int, p []byte) (int, error)
	writer func(n int, p []byte) (int, error)
)

// readers and writers are the calls that do not wait on a descriptor in non-blocking mode. Those
// for sockets come last.
var (
	readers = map[string]reader{
		"Read": fd.Read, "ReadNonblock": fd.ReadNonblock, "Recv": fd.Recv,
		"Recvmsg": func(n int, p []byte) (int, error) {
			n, _, _, err := fd.Recvmsg(n, p, nil)
			return n, err
		},
	}
	writers = map[string]writer{
		"Write": fd.Write, "WriteNonblock": fd.WriteNonblock,
		"WritevNonblock": func(n int, p []byte) (int, error) { return fd.WritevNonblock(n, [][]byte{p}) },
		"Send":           fd.Send,
		"Sendmsg":        func(n int, p []byte) (int, error) { return fd.Sendmsg(n, [][]byte{p}, nil) },
	}
	forSockets = map[string]bool{"Recv": true, "Recvmsg": true, "Send": true, "Sendmsg": true}
)

// kinds are the kinds of descriptors for the calls.
var kinds = map[string]func() (r, w int, err error){"pipe": fd.PipeNonblock, "socket": socketPair}

func eachReader(t *testing.T, test func(t *testing.T, open func() (r, w int, err error), read reader)) {
	for kind, open := range kinds {
		for name, read := range readers {
			if kind == "socket" || !forSockets[name] {
				t.Run(name+" "+kind, func(t *testing.T) { test(t, open, read) })
			}
		}
	}
}

func eachWriter(t *testing.T, test func(t *testing.T, open func() (r, w int, err error), write writer)) {
	for kind, open := range kinds {
		for name, write := range writers {
			if kind == "socket" || !forSockets[name] {
				t.Run(name+" "+kind, func(t *testing.T) { test(t, open, write) })
			}
		}
	}
}

func TestReadersTakeWhatIsThereThenSayEAGAINAndTheEnd(t *testing.T) {
	eachReader(t, func(t *testing.T, open func() (r, w int, err error), read reader) {
		r, w, err := open()
		require.NoError(t, err)
		defer fd.Close(r)
		_, err = fd.Write(w, []byte("some text"))
		require.NoError(t, err)

		p := make([]byte, 5)
		for _, want := range []string{"some ", "text"} {
			n, err := read(r, p)
			require.NoError(t, err)
			require.Equal(t, want, string(p[:n]))
		}
		n, err := read(r, p)
		require.Equal(t, unix.EAGAIN, err)
		require.Zero(t, n)

		fd.Close(w)
		n, err = read(r, p)
		require.NoError(t, err)
		require.Zero(t, n)

		n, err = read(-1, p)
		require.Equal(t, unix.EBADF, err)
		require.Zero(t, n)
	})
}

func TestWritersFillUpAndSayEAGAIN(t *testing.T) {
	eachWriter(t, func(t *testing.T, open func() (r, w int, err error), write writer) {
		r, w := openPair(t, open)
		total := fill(t, func(p []byte) (int, error) { return write(w, p) })

		p := make([]byte, 4096)
		read := 0
		for {
			n, err := fd.ReadNonblock(r, p)
			read += n
			if err != nil {
				require.Equal(t, unix.EAGAIN, err)
				break
			}
		}
		require.Equal(t, total, read)

		n, err := write(-1, p)
		require.Equal(t, unix.EBADF, err)
		require.Zero(t, n)
	})
}

func TestWritingToAReaderThatIsGoneIsEPIPE(t *testing.T) {
	eachWriter(t, func(t *testing.T, open func() (r, w int, err error), write writer) {
		n, err := write(openEnd(t, reversed(open)), []byte("text"))
		require.Equal(t, unix.EPIPE, err)
		require.Zero(t, n)
	})
}

func TestPiecesAreWrittenInOrder(t *testing.T) {
	for name, c := range map[string]struct {
		open  func() (r, w int, err error)
		write func(n int, pieces [][]byte) (int, error)
	}{
		"WritevNonblock pipe":   {fd.PipeNonblock, fd.WritevNonblock},
		"WritevNonblock socket": {socketPair, fd.WritevNonblock},
		"Sendmsg":               {socketPair, func(n int, pieces [][]byte) (int, error) { return fd.Sendmsg(n, pieces, nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := openPair(t, c.open)
			var pieces [][]byte
			for i := range 200 { // More than any platform takes at once.
				pieces = append(pieces, fmt.Appendf(nil, "%d,", i))
			}
			want := bytes.Join(pieces, nil)
			for len(pieces) > 0 {
				n, err := c.write(w, pieces)
				require.NoError(t, err)
				require.Positive(t, n)
				for len(pieces) > 0 && n >= len(pieces[0]) {
					n -= len(pieces[0])
					pieces = pieces[1:]
				}
				require.Zero(t, n, "there was room for whole pieces")
			}
			got := make([]byte, 2*len(want))
			n, err := fd.ReadNonblock(r, got)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got[:n]))
		})
	}
}
