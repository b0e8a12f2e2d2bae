package host

import (
	"bytes"
	"crypto/rand"
	"math"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodetext"
	"github.com/brood-go/brood/streams"
)

// maxString is the length of Node's longest string, in code units.
const maxString = 1<<29 - 24

// bindBuffer gives the library the operations of Buffer on many bytes at once. Encodings are the
// numbers of package streams. The library has checked the arguments, but a script may have lied to
// it about lengths, so the functions here check them again.
func bindBuffer(b *builder) {
	b.value("maxString", b.s.Int(maxString))
	b.fn("encode", func(c *engine.Call) (engine.Value, error) {
		return c.ArrayBuffer(nodetext.Encode(c.Arg(0).Text(), encodingArg(c, 1))), nil
	})
	b.fn("write", onBytes(bufferWrite))
	b.fn("decode", onBytes(bufferDecode))
	b.fn("byteLength", func(c *engine.Call) (engine.Value, error) { return c.Int(int64(len(c.Arg(0).Text()))), nil })
	b.fn("compare", onBytes(func(c *engine.Call, p []byte) (engine.Value, error) {
		return c.Int(int64(bytes.Compare(p, bytesArg(c, 1)))), nil
	}))
	b.fn("compareParts", func(c *engine.Call) (engine.Value, error) {
		left := slice(bytesArg(c, 0), c.Arg(1).Float(), c.Arg(2).Float())
		right := slice(bytesArg(c, 3), c.Arg(4).Float(), c.Arg(5).Float())
		return c.Int(int64(bytes.Compare(left, right))), nil
	})
	b.fn("equals", onBytes(func(c *engine.Call, p []byte) (engine.Value, error) {
		return c.Bool(bytes.Equal(p, bytesArg(c, 1))), nil
	}))
	b.fn("copy", func(c *engine.Call) (engine.Value, error) {
		from := slice(bytesArg(c, 0), c.Arg(3).Float(), c.Arg(4).Float())
		return c.Int(int64(copy(slice(bytesArg(c, 1), c.Arg(2).Float(), math.Inf(1)), from))), nil
	})
	b.fn("concat", bufferConcat)
	b.fn("fill", onBytes(bufferFill))
	b.fn("indexOfString", func(c *engine.Call) (engine.Value, error) {
		e := encodingArg(c, 3)
		return indexOf(c, nodetext.Encode(c.Arg(1).Text(), e), e)
	})
	b.fn("indexOfBytes", func(c *engine.Call) (engine.Value, error) {
		return indexOf(c, bytesArg(c, 1), encodingArg(c, 3))
	})
	b.fn("indexOfByte", func(c *engine.Call) (engine.Value, error) {
		return indexOf(c, []byte{byte(c.Arg(1).Int())}, streams.Latin1)
	})
	b.fn("swap", onBytes(func(c *engine.Call, p []byte) (engine.Value, error) {
		swap(p, int(c.Arg(1).Int()))
		return c.Arg(0), nil
	}))
	b.fn("isUtf8", func(c *engine.Call) (engine.Value, error) { return c.Bool(nodetext.IsUTF8(bytesArg(c, 0))), nil })
	b.fn("isAscii", func(c *engine.Call) (engine.Value, error) { return c.Bool(nodetext.IsASCII(bytesArg(c, 0))), nil })
	b.fn("randomID", func(c *engine.Call) (engine.Value, error) { return c.String(rand.Text()), nil })
	b.fn("transcode", func(c *engine.Call) (engine.Value, error) {
		return c.ArrayBuffer(nodetext.Transcode(bytesArg(c, 0), encodingArg(c, 1), encodingArg(c, 2))), nil
	})
	b.fn("atob", func(c *engine.Call) (engine.Value, error) {
		p, err := nodetext.DecodeForgiving(c.Arg(0).Text())
		if err != nil {
			return c.Null(), nil
		}
		return c.String(nodetext.Decode(p, streams.Latin1)), nil
	})
	b.fn("btoa", func(c *engine.Call) (engine.Value, error) {
		p, ok := nodetext.EncodeLatin1(c.Arg(0).Text())
		if !ok {
			return c.Null(), nil
		}
		return c.String(nodetext.Decode(p, streams.Base64)), nil
	})
}

// encodingArg returns an argument that is the number of an encoding, UTF8 for other values.
func encodingArg(c *engine.Call, i int) streams.Encoding {
	if e := streams.Encoding(c.Arg(i).Int()); e.Valid() {
		return e
	}
	return streams.UTF8
}

// bytesArg returns the bytes of an argument, nil if it has none. They are valid until JavaScript
// runs again.
func bytesArg(c *engine.Call, i int) []byte {
	p, _ := plainBytes(c.Arg(i))
	return p
}

// plainBytes is [engine.Value.Bytes], but refuses a DataView: its properties may be functions of
// the script, and these could free the bytes of another argument.
func plainBytes(v engine.Value) ([]byte, bool) {
	if v.Class() == engine.ClassDataView {
		return nil, false
	}
	return v.Bytes()
}

// errNoBuffer is the error of a method of Buffer whose this or whose argument has no bytes.
var errNoBuffer = &codedError{"TypeError", "ERR_INVALID_ARG_TYPE", "argument must be a buffer"}

// onBytes returns a function that calls fn with the bytes of its first argument.
func onBytes(fn func(c *engine.Call, p []byte) (engine.Value, error)) engine.Func {
	return func(c *engine.Call) (engine.Value, error) {
		p, ok := plainBytes(c.Arg(0))
		if !ok {
			return c.Undefined(), errNoBuffer
		}
		return fn(c, p)
	}
}

// slice returns p[start:end], cut to what p has. NaN counts as 0.
func slice(p []byte, start, end float64) []byte {
	until := min(max(0, end), float64(len(p)))
	if !(start < until) {
		return p[:0]
	}
	return p[int(max(0, start)):int(until)]
}

// bufferWrite is write(bytes, text, offset, length, encoding).
func bufferWrite(c *engine.Call, p []byte) (engine.Value, error) {
	text := c.Arg(1).Text()
	offset := c.Arg(2).Float()
	dst := slice(p, offset, offset+c.Arg(3).Float())
	return c.Int(int64(nodetext.Write(dst, text, encodingArg(c, 4)))), nil
}

// bufferDecode is decode(bytes, encoding, start, end); without the last two it decodes all.
func bufferDecode(c *engine.Call, p []byte) (engine.Value, error) {
	if c.Len() > 2 {
		p = slice(p, c.Arg(2).Float(), c.Arg(3).Float())
	}
	e := encodingArg(c, 1)
	if len(p) > maxString/2 && nodetext.Units(p, e) > maxString {
		return c.Undefined(), errStringTooLong
	}
	return c.String(nodetext.Decode(p, e)), nil
}

// bufferConcat is concat(list, into): it copies the bytes of the list into the buffer, as far as
// there is room, and zeroes the rest.
func bufferConcat(c *engine.Call) (engine.Value, error) {
	list := c.Arg(0)
	n, err := list.Len()
	if err != nil {
		return c.Undefined(), err
	}
	all := make([]engine.Value, n)
	for i := range all {
		if all[i], err = list.Index(i); err != nil {
			return c.Undefined(), err
		}
	}
	dst := bytesArg(c, 1) // Reading the list may have run the script; from here on nothing does.
	for _, one := range all {
		p, _ := plainBytes(one)
		dst = dst[copy(dst, p):]
	}
	clear(dst)
	return c.Arg(1), nil
}

// bufferFill is fill(bytes, value, start, end, encoding). It returns -1 if the value is empty, and
// -2 if start or end is out of range.
func bufferFill(c *engine.Call, all []byte) (engine.Value, error) {
	start, end := c.Arg(2).Float(), c.Arg(3).Float()
	if !(start >= 0 && end >= 0) {
		return c.Undefined(), &codedError{"RangeError", "ERR_OUT_OF_RANGE", "The value of \"offset\" is out of range."}
	}
	if start > end || end > float64(len(all)) {
		return c.Int(-2), nil
	}
	var pattern []byte
	if v := c.Arg(1); v.Kind() == engine.String {
		pattern = nodetext.Encode(v.Text(), encodingArg(c, 4))
	} else if p, ok := plainBytes(v); ok {
		pattern = p
	} else {
		pattern = []byte{byte(int64(v.Float()))}
	}
	dst := slice(all, start, end)
	if len(pattern) == 0 && len(dst) > 0 {
		return c.Int(-1), nil
	}
	for n := copy(dst, pattern); 0 < n && n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
	return c.Undefined(), nil
}

// indexOf is indexOf…(bytes, what, offset, encoding, forward).
func indexOf(c *engine.Call, what []byte, e streams.Encoding) (engine.Value, error) {
	if c.Arg(4).Bool() {
		return c.Int(int64(nodetext.Index(bytesArg(c, 0), what, c.Arg(2).Int(), e))), nil
	}
	return c.Int(int64(nodetext.LastIndex(bytesArg(c, 0), what, c.Arg(2).Int(), e))), nil
}

// swap reverses each group of size bytes.
func swap(p []byte, size int) {
	for ; size > 1 && len(p) >= size; p = p[size:] {
		for i, j := 0, size-1; i < j; i, j = i+1, j-1 {
			p[i], p[j] = p[j], p[i]
		}
	}
}
