package nodezlib

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash"
	"hash/adler32"
	"hash/crc32"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// Mode is a format and a direction. The values are Node's.
type Mode int

// The modes.
const (
	Deflate Mode = 1 + iota
	Inflate
	Gzip
	Gunzip
	DeflateRaw
	InflateRaw
	Unzip
	BrotliDecode
	BrotliEncode
	ZstdEncode
	ZstdDecode
)

// Compresses reports whether the mode compresses.
func (m Mode) Compresses() bool {
	return m == Deflate || m == Gzip || m == DeflateRaw || m == BrotliEncode || m == ZstdEncode
}

// Options are the options of compressors and decompressors.
type Options struct {
	Level      int  // 0 to 9, -1: the default; Brotli: 0 to 11; Zstandard: 1 to 22
	Huffman    bool // no matches, only Huffman codes
	WindowBits int  // binary logarithm of the window in bytes; 0: 15
	Dictionary []byte
	Checksum   bool // Zstandard: add a checksum
}

// maxWindowBits is the window of package flate.
const maxWindowBits = 15

// encoder is the common part of the writers of flate, Brotli and Zstandard.
type encoder interface {
	Write(p []byte) (int, error)
	Flush() error
	Close() error
}

// Compressor compresses the bytes that are written to it. It must be used by one goroutine at a
// time. It has no goroutine or descriptor, and need not be closed.
type Compressor struct {
	mode    Mode
	o       Options
	out     bytes.Buffer
	w       encoder
	flate   *flate.Writer // w as *flate.Writer; nil for other formats
	block   int           // bytes since the window was last emptied
	sum     hash.Hash32   // Deflate and Gzip; else nil
	length  uint32        // length of the input, modulo 2^32
	started bool          // the header was written
	// Finish was called; w and flate are nil
	finished bool
}

// NewCompressor returns a compressor. The mode must be one that compresses.
func NewCompressor(mode Mode, o Options) (*Compressor, error) {
	if o.WindowBits == 0 {
		o.WindowBits = maxWindowBits
	}
	c := &Compressor{mode: mode, o: o}
	switch mode {
	case Deflate:
		c.sum = adler32.New()
	case Gzip:
		c.sum = crc32.NewIEEE()
	case BrotliEncode:
		c.w = brotli.NewWriterLevel(&c.out, o.Level)
		return c, nil
	case ZstdEncode:
		options := []zstd.EOption{zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(o.Level)),
			zstd.WithEncoderCRC(o.Checksum)}
		if o.Dictionary != nil {
			options = append(options, zstd.WithEncoderDictRaw(0, o.Dictionary))
		}
		w, err := zstd.NewWriter(&c.out, options...)
		c.w = w
		return c, err
	}
	return c, c.restart(o.Dictionary)
}

// restart makes a new writer, whose window has only the dictionary.
func (c *Compressor) restart(dictionary []byte) (err error) {
	level := c.o.Level
	if c.o.Huffman {
		level = flate.HuffmanOnly
	}
	if dictionary != nil && c.mode != Gzip {
		c.flate, err = flate.NewWriterDict(&c.out, level, dictionary)
	} else {
		c.flate, err = flate.NewWriter(&c.out, level)
	}
	c.w = c.flate
	return err
}

// Write compresses p, which is not retained. All of the output is available only after Flush or
// Finish. After Finish it returns an [*Error].
func (c *Compressor) Write(p []byte) error {
	if c.finished && len(p) > 0 {
		return errFinished
	}
	if len(p) == 0 {
		return nil
	}
	c.start()
	if c.sum != nil {
		_, _ = c.sum.Write(p) // A hash does not fail.
	}
	c.length += uint32(len(p))
	for c.flate != nil && c.o.WindowBits < maxWindowBits && len(p) > 0 {
		// Package flate has one size of window. To reach back less far, it is reset.
		if c.block == 1<<c.o.WindowBits {
			if err := c.w.Flush(); err != nil {
				return err
			}
			c.flate.Reset(&c.out)
			c.block = 0
		}
		n := min(len(p), 1<<c.o.WindowBits-c.block)
		if _, err := c.w.Write(p[:n]); err != nil {
			return err
		}
		c.block += n
		p = p[n:]
	}
	_, err := c.w.Write(p)
	return err
}

// Flush makes all output available.
func (c *Compressor) Flush() error {
	if c.finished {
		return nil
	}
	c.start()
	return c.w.Flush()
}

// SetLevel changes the level for the following input.
func (c *Compressor) SetLevel(level int, huffman bool) error {
	if err := c.Flush(); err != nil {
		return err
	}
	c.o.Level, c.o.Huffman, c.block = level, huffman, 0
	return c.restart(nil)
}

// Finish ends the stream. A second call does nothing.
func (c *Compressor) Finish() error {
	if c.finished {
		return nil
	}
	isEmpty := !c.started && c.flate != nil
	c.start()
	c.finished = true
	var err error
	if isEmpty {
		c.out.Write([]byte{3, 0}) // An empty block, in fewer bytes than package flate's.
	} else {
		err = c.w.Close()
	}
	c.w, c.flate = nil, nil // They are large.
	switch c.mode {
	case Deflate:
		c.out.Write(binary.BigEndian.AppendUint32(nil, c.sum.Sum32()))
	case Gzip:
		c.out.Write(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, c.sum.Sum32()), c.length))
	}
	return err
}

// Take returns up to n available bytes, valid until the next call.
func (c *Compressor) Take(n int) []byte { return c.out.Next(n) }

// Constants of the headers: RFC 1950 and RFC 1952.
const (
	methodDeflate = 8
	hasDictionary = 1 << 5
	gzipMagic1    = 0x1f
	gzipMagic2    = 0x8b
	gzipSlowest   = 2
	gzipFastest   = 4
	gzipFromUnix  = 3
	headerDivisor = 31
	fastestLevel  = 1
	slowestLevel  = 9
	usualLevel    = 6
)

// start writes the header, once.
func (c *Compressor) start() {
	if c.started {
		return
	}
	c.started = true
	level := c.o.Level
	if level < 0 {
		level = usualLevel
	}
	switch c.mode {
	case Deflate:
		head := uint16(c.o.WindowBits-8)<<12 | methodDeflate<<8
		switch {
		case level >= 7:
			head |= 3 << 6
		case level == usualLevel:
			head |= 2 << 6
		case level >= 2:
			head |= 1 << 6
		}
		if c.o.Dictionary != nil {
			head |= hasDictionary
		}
		head += headerDivisor - head%headerDivisor
		c.out.Write(binary.BigEndian.AppendUint16(nil, head))
		if c.o.Dictionary != nil {
			c.out.Write(binary.BigEndian.AppendUint32(nil, adler32.Checksum(c.o.Dictionary)))
		}
	case Gzip:
		extra := byte(0)
		if level == slowestLevel {
			extra = gzipSlowest
		} else if level == fastestLevel {
			extra = gzipFastest
		}
		c.out.Write([]byte{gzipMagic1, gzipMagic2, methodDeflate, 0, 0, 0, 0, 0, extra, gzipFromUnix})
	}
}
