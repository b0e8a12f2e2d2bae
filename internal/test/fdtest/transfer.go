package fdtest

import (
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Write writes p, which the kernel must take at once.
func (d *Descriptor) Write(p []byte) {
	d.t.Helper()
	n, err := unix.Write(d.FD, p)
	require.NoError(d.t, err)
	require.Equal(d.t, len(p), n)
}

// WriteString is [Descriptor.Write] for a string.
func (d *Descriptor) WriteString(s string) { d.t.Helper(); d.Write([]byte(s)) }

// Writer returns a function that writes s.
//
// The function is safe to call from any goroutine.
func (d *Descriptor) Writer(s string) func() {
	t, fd := d.t, d.FD
	return func() {
		if _, err := unix.Write(fd, []byte(s)); err != nil {
			t.Errorf("write(%d): %v", fd, err)
		}
	}
}

// Fill writes until the kernel takes no more, and returns the number of bytes that it took.
func (d *Descriptor) Fill() int {
	d.t.Helper()
	chunk := make([]byte, 4096)
	total := 0
	for {
		n, err := unix.Write(d.FD, chunk)
		if err == unix.EAGAIN {
			if len(chunk) == 1 {
				return total
			}
			// Sockets, and the pipes of some systems, take a part of a write.
			chunk = chunk[:len(chunk)/2]
			continue
		}
		require.NoError(d.t, err)
		total += n
	}
}

// Read returns the bytes of one read of at most 1 MiB. There are none at the end and, with again,
// when there are none now. The bytes are valid until the next Read.
func (d *Descriptor) Read() (got []byte, again bool) {
	d.t.Helper()
	if d.buf == nil {
		d.buf = make([]byte, 1<<20)
	}
	n, err := unix.Read(d.FD, d.buf)
	if err == unix.EAGAIN {
		return nil, true
	}
	require.NoError(d.t, err)
	return d.buf[:n], false
}

// ReadString reads once at most 64 bytes, which must be there now. It returns "" at the end.
func (d *Descriptor) ReadString() string {
	d.t.Helper()
	var buf [64]byte
	n, err := unix.Read(d.FD, buf[:])
	require.NoError(d.t, err)
	return string(buf[:n])
}

// ReadAll returns all bytes that are there now, and whether the end was reached.
func (d *Descriptor) ReadAll() (got []byte, end bool) {
	d.t.Helper()
	for {
		p, again := d.Read()
		if len(p) == 0 {
			return got, !again
		}
		got = append(got, p...)
	}
}
