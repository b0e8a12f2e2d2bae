package nodezlib

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// Error is the error of invalid compressed bytes, with zlib's message and number.
type Error struct {
	Number  int
	Message string
}

func (e *Error) Error() string { return e.Message }

// Values of [Error.Number].
const (
	NeedDictionary = 2
	BadStream      = -2
	BadData        = -3
	BadEnd         = -5
)

var (
	errFinished  = &Error{BadStream, "stream error"}
	errTruncated = &Error{BadEnd, "unexpected end of file"}
	errHeader    = &Error{BadData, "incorrect header check"}
	errMethod    = &Error{BadData, "unknown compression method"}
	errFlags     = &Error{BadData, "unknown header flags set"}
	errWindow    = &Error{BadData, "invalid window size"}
	errHeadCheck = &Error{BadData, "header crc mismatch"}
	errCheck     = &Error{BadData, "incorrect data check"}
	errLength    = &Error{BadData, "incorrect length check"}
	errMissing   = &Error{NeedDictionary, "Missing dictionary"}
	errOther     = &Error{NeedDictionary, "Bad dictionary"}
	errBrotli    = &Error{-1, "Decompression failed"}
	errZstdMagic = &Error{10, "Unknown frame descriptor"}
	errZstdSum   = &Error{22, "Restored data doesn't match checksum"}
	errZstd      = &Error{20, "Data corruption detected"}
)

// Decompressor decompresses the bytes that it is fed. It must be used by one goroutine at a time.
type Decompressor struct {
	mode Mode
	o    Options
	in   []byte // fed bytes that were not read
	head []byte // bytes read of a header or a trailer
	buf  []byte
	// End was called
	eof bool
	fed int64 // bytes fed

	step   func(*Decompressor) ([]byte, error)
	f      *inflater
	sum    hash.Hash32 // checksum of the output
	length uint32      // length of the output, modulo 2^32
	whole  io.Reader   // Brotli and Zstandard: reader of the whole input, after End
	err    error
	done   bool
}

// NewDecompressor returns a decompressor. The mode must be one that decompresses. Output comes in
// pieces of at most size bytes.
func NewDecompressor(mode Mode, o Options, size int) *Decompressor {
	if o.WindowBits == 0 {
		o.WindowBits = maxWindowBits
	}
	d := &Decompressor{mode: mode, o: o, buf: make([]byte, size)}
	switch mode {
	case InflateRaw:
		d.inflate(o.Dictionary, (*Decompressor).finish)
	case BrotliDecode, ZstdDecode:
		d.step = (*Decompressor).gather
	default:
		d.step = (*Decompressor).first
	}
	return d
}

// Feed adds input, and takes ownership of p.
func (d *Decompressor) Feed(p []byte) {
	d.fed += int64(len(p))
	if len(d.in) == 0 {
		d.in = p
	} else {
		d.in = append(d.in, p...)
	}
}

// End says that there is no more input.
func (d *Decompressor) End() { d.eof = true }

// Done reports whether the end of the stream was read. Input after it is ignored.
func (d *Decompressor) Done() bool { return d.done }

// Read returns the number of bytes that were read.
func (d *Decompressor) Read() int64 { return d.fed - int64(len(d.in)) }

// Next returns output, valid until the next call, or nothing if it needs more input or is done. Its
// error is an [*Error], which every later call returns as well.
func (d *Decompressor) Next() ([]byte, error) {
	for d.err == nil && !d.done {
		p, err := d.step(d)
		if len(p) > 0 {
			return p, nil
		}
		if err == errNeedInput {
			if !d.eof {
				return nil, nil
			}
			err = errTruncated
		}
		d.err = err
	}
	return nil, d.err
}

// need returns the next n bytes of a header, or errNeedInput.
func (d *Decompressor) need(n int) ([]byte, error) {
	take := max(0, min(n-len(d.head), len(d.in)))
	d.head = append(d.head, d.in[:take]...)
	d.in = d.in[take:]
	if len(d.head) < n {
		return nil, errNeedInput
	}
	return d.head, nil
}

// then goes on with another step, after the bytes of need.
func (d *Decompressor) then(step func(*Decompressor) ([]byte, error)) ([]byte, error) {
	d.head, d.step = nil, step
	return nil, nil
}

// first finds out the format.
func (d *Decompressor) first() ([]byte, error) {
	if d.mode == Gunzip {
		return d.then((*Decompressor).gzipHeader)
	}
	if d.mode == Unzip {
		p, err := d.need(1)
		if err != nil {
			return nil, err
		}
		if p[0] == gzipMagic1 {
			d.step = (*Decompressor).gzipHeader
			return nil, nil
		}
	}
	d.step = (*Decompressor).zlibHeader
	return nil, nil
}

func (d *Decompressor) zlibHeader() ([]byte, error) {
	p, err := d.need(2)
	switch {
	case err != nil:
		return nil, err
	case binary.BigEndian.Uint16(p)%headerDivisor != 0:
		return nil, errHeader
	case p[0]&0xf != methodDeflate:
		return nil, errMethod
	case int(p[0]>>4)+8 > d.o.WindowBits:
		return nil, errWindow
	case p[1]&hasDictionary != 0:
		return d.then((*Decompressor).dictionary)
	}
	d.inflate(nil, (*Decompressor).zlibTrailer)
	return nil, nil
}

func (d *Decompressor) dictionary() ([]byte, error) {
	id, err := d.need(adler32.Size)
	switch {
	case err != nil:
		return nil, err
	case d.o.Dictionary == nil:
		return nil, errMissing
	case binary.BigEndian.Uint32(id) != adler32.Checksum(d.o.Dictionary):
		return nil, errOther
	}
	d.inflate(d.o.Dictionary, (*Decompressor).zlibTrailer)
	return nil, nil
}

// inflate reads raw deflate, and goes on with the step then.
func (d *Decompressor) inflate(dictionary []byte, then func(*Decompressor) ([]byte, error)) {
	d.f, d.head, d.length = newInflater(dictionary), nil, 0
	if d.sum == nil {
		d.sum = adler32.New()
	}
	d.step = func(d *Decompressor) ([]byte, error) {
		d.f.in = d.in
		n, err := d.f.next(d.buf)
		d.in = d.f.in
		_, _ = d.sum.Write(d.buf[:n]) // A hash does not fail.
		d.length += uint32(n)
		switch {
		case d.f.done:
			d.in = d.f.rest()
			d.f, d.head, d.step = nil, nil, then
		case n == 0 && err == nil:
			err = errNeedInput
		case n > 0 && err != nil:
			// The output before the error is returned first.
			d.step = func(*Decompressor) ([]byte, error) { return nil, err }
		}
		return d.buf[:n], err
	}
}

func (d *Decompressor) zlibTrailer() ([]byte, error) {
	want, err := d.need(adler32.Size)
	if err != nil {
		return nil, err
	}
	if binary.BigEndian.Uint32(want) != d.sum.Sum32() {
		return nil, errCheck
	}
	return d.finish()
}

func (d *Decompressor) finish() ([]byte, error) {
	d.done = true
	return nil, nil
}

// Flags of a gzip header: RFC 1952.
const (
	gzipHasCheck   = 1 << 1
	gzipHasExtra   = 1 << 2
	gzipHasName    = 1 << 3
	gzipHasComment = 1 << 4
	gzipReserved   = 0xe0
)

// gzipHeader reads the fixed part of a gzip member's header.
func (d *Decompressor) gzipHeader() ([]byte, error) {
	for i, magic := range []byte{gzipMagic1, gzipMagic2} {
		if p, err := d.need(i + 1); err != nil {
			return nil, err
		} else if p[i] != magic {
			return nil, errHeader
		}
	}
	if p, err := d.need(3); err != nil {
		return nil, err
	} else if p[2] != methodDeflate {
		return nil, errMethod
	}
	p, err := d.need(10)
	if err != nil {
		return nil, err
	}
	if p[3]&gzipReserved != 0 {
		return nil, errFlags
	}
	d.sum = crc32.NewIEEE()
	_, _ = d.sum.Write(p)
	flags, stage := p[3], 0
	return d.then(func(d *Decompressor) ([]byte, error) { return nil, d.gzipExtras(flags, &stage) })
}

// gzipExtras reads the optional fields of a gzip header, which come in this order. stage is the
// number of fields that were read or are absent.
func (d *Decompressor) gzipExtras(flags byte, stage *int) error {
	fields := []struct {
		flag byte
		read func() error
	}{{gzipHasExtra, d.gzipExtra}, {gzipHasName, d.gzipText}, {gzipHasComment, d.gzipText}, {gzipHasCheck, d.gzipCheck}}
	for ; *stage < len(fields); *stage++ {
		if field := fields[*stage]; flags&field.flag != 0 {
			if err := field.read(); err != nil {
				return err
			}
			_, _ = d.sum.Write(d.head)
			d.head = nil
		}
	}
	d.sum = crc32.NewIEEE()
	d.inflate(nil, (*Decompressor).gzipTrailer)
	return nil
}

func (d *Decompressor) gzipExtra() error {
	p, err := d.need(2)
	if err == nil {
		_, err = d.need(2 + int(binary.LittleEndian.Uint16(p)))
	}
	return err
}

// gzipText reads a name or a comment up to its zero. Only the checksum needs the bytes.
func (d *Decompressor) gzipText() error {
	end := bytes.IndexByte(d.in, 0)
	if end < 0 {
		_, _ = d.sum.Write(d.in)
		d.in = nil
		return errNeedInput
	}
	_, _ = d.sum.Write(d.in[:end+1])
	d.in = d.in[end+1:]
	return nil
}

func (d *Decompressor) gzipCheck() error {
	p, err := d.need(2)
	if err == nil && binary.LittleEndian.Uint16(p) != uint16(d.sum.Sum32()) {
		err = errHeadCheck
	}
	return err
}

func (d *Decompressor) gzipTrailer() ([]byte, error) {
	p, err := d.need(8)
	switch {
	case err != nil:
		return nil, err
	case binary.LittleEndian.Uint32(p) != d.sum.Sum32():
		return nil, errCheck
	case binary.LittleEndian.Uint32(p[4:]) != d.length:
		return nil, errLength
	}
	return d.then((*Decompressor).nextMember)
}

// nextMember finds out whether another gzip member follows. Zeros are the padding of tapes.
func (d *Decompressor) nextMember() ([]byte, error) {
	if len(d.in) == 0 && !d.eof {
		return nil, errNeedInput
	}
	if len(d.in) == 0 || d.in[0] == 0 {
		return d.finish()
	}
	return d.then((*Decompressor).gzipHeader)
}

// gather waits for the whole input of Brotli or Zstandard, because their readers cannot be fed.
func (d *Decompressor) gather() ([]byte, error) {
	if !d.eof {
		return nil, errNeedInput
	}
	if d.whole == nil {
		if err := d.open(); err != nil {
			return nil, err
		}
	}
	n, err := d.whole.Read(d.buf)
	switch {
	case n > 0:
		return d.buf[:n], nil
	case errors.Is(err, io.EOF):
		return d.finish()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errTruncated
	case err == nil:
		return nil, nil
	case d.mode == BrotliDecode:
		return nil, errBrotli
	case errors.Is(err, zstd.ErrMagicMismatch):
		return nil, errZstdMagic
	case errors.Is(err, zstd.ErrCRCMismatch):
		return nil, errZstdSum
	}
	return nil, errZstd
}

// maxZstdWindow bounds the window that a Zstandard stream may ask for: bytes. It is the default of
// zstd.
const maxZstdWindow = 128 << 20

// open makes the reader of the whole input.
func (d *Decompressor) open() error {
	p := bytes.NewReader(d.in)
	d.in = nil
	if d.mode == BrotliDecode {
		d.whole = brotli.NewReader(p)
		return nil
	}
	if p.Len() == 0 {
		return errTruncated
	}
	options := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxZstdWindow)}
	if d.o.Dictionary != nil {
		options = append(options, zstd.WithDecoderDictRaw(0, d.o.Dictionary))
	}
	r, err := zstd.NewReader(p, options...)
	d.whole = r
	return err
}
