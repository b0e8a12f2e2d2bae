package host

import (
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodetext"
	"github.com/brood-go/brood/streams"
)

// bindEncoding gives the library the operations of TextEncoder and TextDecoder.
func bindEncoding(b *builder) {
	prototype := b.s.Object().Keep()
	b.fn("label", func(c *engine.Call) (engine.Value, error) { return c.String(nodetext.Label(c.Arg(0).Text())), nil })
	b.fn("encode", func(c *engine.Call) (engine.Value, error) {
		return c.Uint8Array(nodetext.Encode(c.Arg(0).Text(), streams.UTF8)), nil
	})
	b.fn("encodeInto", func(c *engine.Call) (engine.Value, error) {
		text := c.Arg(0).Text()
		n := nodetext.Write(bytesArg(c, 1), text, streams.UTF8)
		return c.Array(c.Int(int64(nodetext.Length(text[:n]))), c.Int(int64(n))), nil
	})
	b.fn("createDecoder", func(c *engine.Call) (engine.Value, error) {
		d, ok := nodetext.NewTextDecoder(c.Arg(0).Text(), c.Arg(1).Bool(), c.Arg(2).Bool())
		if !ok {
			return c.Null(), nil
		}
		return c.Native(c.Kept(prototype), d), nil
	})
	// decode(decoder, bytes, more) returns null for bytes that are not valid.
	b.fn("decode", func(c *engine.Call) (engine.Value, error) {
		d, ok := c.Arg(0).Native().(*nodetext.TextDecoder)
		if !ok {
			return c.Undefined(), &codedError{"TypeError", "ERR_INVALID_THIS", `Value of "this" must be of type TextDecoder`}
		}
		p, _ := c.Arg(1).Bytes()
		text, err := d.Decode(p, c.Arg(2).Bool())
		if err != nil {
			return c.Null(), nil
		}
		return c.String(text), nil
	})
}
