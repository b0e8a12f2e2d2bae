package host

import (
	"errors"
	"hash/crc32"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodezlib"
)

// zlibStream is the native object of a stream of module zlib. One of in and out is set; both are
// nil after close.
type zlibStream struct {
	in     *nodezlib.Compressor   // nil for a mode that decompresses
	out    *nodezlib.Decompressor // nil for a mode that compresses
	size   int                    // the most bytes of output of one step
	read   int64                  // bytes passed to write
	failed error                  // the first error; step returns zlibFailed from then on
}

// close frees the large buffers sooner than the collector would.
func (z *zlibStream) close() { z.in, z.out = nil, nil }

// Results of step, besides output. The library has the same numbers.
const (
	zlibWants  = iota // it needs input
	zlibEnded         // it has read or written the end of the stream
	zlibFailed        // error() says why
)

// Values of the argument flush: Node's.
const (
	zlibNoFlush = 0
	zlibFinish  = 4
)

// bindZlib gives the library compressors, decompressors and crc32.
func bindZlib(b *builder) {
	h := b.h
	// create(mode, level, huffman, windowBits, dictionary, chunkSize, checksum)
	b.fn("create", func(c *engine.Call) (engine.Value, error) {
		o := nodezlib.Options{Level: int(c.Arg(1).Int()), Huffman: c.Arg(2).Bool(), WindowBits: int(c.Arg(3).Int()),
			Checksum: c.Arg(6).Bool()}
		if p, ok := plainBytes(c.Arg(4)); ok {
			o.Dictionary = append([]byte{}, p...)
		}
		z := &zlibStream{size: int(c.Arg(5).Int())}
		if mode := nodezlib.Mode(c.Arg(0).Int()); mode.Compresses() {
			var err error
			if z.in, err = nodezlib.NewCompressor(mode, o); err != nil {
				return c.Undefined(), err
			}
		} else {
			z.out = nodezlib.NewDecompressor(mode, o, z.size)
		}
		prototype, err := h.prototype(c.Scope, "zlib", zlibMethods)
		if err != nil {
			return c.Undefined(), err
		}
		return c.Native(prototype, z), nil
	})
	// crc32(data, value)
	b.fn("crc32", func(c *engine.Call) (engine.Value, error) {
		return c.Int(int64(crc32.Update(uint32(c.Arg(1).Int()), crc32.IEEETable, bytesArg(c, 0)))), nil
	})
}

func zlibMethods(b *builder) {
	method(b, "write", (*zlibStream).write)
	method(b, "step", (*zlibStream).step)
	// error() returns [message, number] of the failure of step.
	method(b, "error", func(z *zlibStream, c *engine.Call) (engine.Value, error) {
		e, ok := errors.AsType[*nodezlib.Error](z.failed)
		if !ok {
			return c.Undefined(), z.failed
		}
		return c.Array(c.String(e.Message), c.Int(int64(e.Number))), nil
	})
	method(b, "bytesRead", func(z *zlibStream, c *engine.Call) (engine.Value, error) {
		if z.out != nil {
			return c.Int(z.out.Read()), nil
		}
		return c.Int(z.read), nil
	})
	method(b, "setLevel", func(z *zlibStream, c *engine.Call) (engine.Value, error) {
		if z.in == nil {
			return c.Undefined(), nil
		}
		return c.Undefined(), z.in.SetLevel(int(c.Arg(0).Int()), c.Arg(1).Bool())
	})
	method(b, "close", func(z *zlibStream, c *engine.Call) (engine.Value, error) {
		z.close()
		return c.Undefined(), nil
	})
}

// write is write(bytes, flush). step returns the output.
func (z *zlibStream) write(c *engine.Call) (engine.Value, error) {
	p, flush := bytesArg(c, 0), c.Arg(1).Int()
	z.read += int64(len(p))
	if z.out != nil {
		z.out.Feed(append([]byte(nil), p...))
		if flush == zlibFinish {
			z.out.End()
		}
		return c.Undefined(), nil
	}
	if z.in == nil {
		return c.Undefined(), &codedError{"Error", "ERR_INTERNAL_ASSERTION", "zlib binding closed"}
	}
	err := z.in.Write(p)
	switch {
	case err != nil:
	case flush == zlibFinish:
		err = z.in.Finish()
	case flush != zlibNoFlush:
		err = z.in.Flush()
	}
	z.failed = err
	return c.Undefined(), nil
}

// step returns a Uint8Array of output, or zlibWants, zlibEnded or zlibFailed.
func (z *zlibStream) step(c *engine.Call) (engine.Value, error) {
	var p []byte
	err := z.failed
	switch {
	case err != nil:
	case z.out != nil:
		p, err = z.out.Next()
	case z.in != nil:
		p = z.in.Take(z.size)
	}
	switch {
	case err != nil:
		z.failed = err
		return c.Int(zlibFailed), nil
	case len(p) > 0:
		return c.Uint8Array(p), nil
	case z.out != nil && z.out.Done():
		return c.Int(zlibEnded), nil
	}
	return c.Int(zlibWants), nil
}
