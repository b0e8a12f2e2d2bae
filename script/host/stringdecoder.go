package host

import (
	"fmt"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodetext"
)

// errStringTooLong is Node's error for a text that is longer than any string.
var errStringTooLong = &codedError{
	"Error", "ERR_STRING_TOO_LONG", fmt.Sprintf("Cannot create a string longer than 0x%x characters", maxString),
}

// bindStringDecoder gives the library decoders: natives that it does not show to the script.
func bindStringDecoder(b *builder) {
	prototype := b.s.Object().Keep()
	b.fn("create", func(c *engine.Call) (engine.Value, error) {
		return c.Native(c.Kept(prototype), &nodetext.Decoder{Encoding: encodingArg(c, 0)}), nil
	})
	fn := func(name string, fn func(c *engine.Call, d *nodetext.Decoder) (engine.Value, error)) {
		b.fn(name, func(c *engine.Call) (engine.Value, error) {
			d, ok := c.Arg(0).Native().(*nodetext.Decoder)
			if !ok {
				return c.Undefined(), &codedError{"TypeError", "ERR_INVALID_THIS", `Value of "this" must be of type StringDecoder`}
			}
			return fn(c, d)
		})
	}
	fn("write", func(c *engine.Call, d *nodetext.Decoder) (engine.Value, error) {
		p, _ := c.Arg(1).Bytes()
		if len(p) > maxString/2 && nodetext.Units(p, d.Encoding) > maxString {
			return c.Undefined(), errStringTooLong
		}
		return c.String(d.Write(p)), nil
	})
	fn("end", func(c *engine.Call, d *nodetext.Decoder) (engine.Value, error) { return c.String(d.End()), nil })
	fn("reset", func(c *engine.Call, d *nodetext.Decoder) (engine.Value, error) {
		d.Reset()
		return c.Undefined(), nil
	})
	fn("state", func(c *engine.Call, d *nodetext.Decoder) (engine.Value, error) {
		have, missing := d.Missing()
		cut := d.Cut()
		return c.Array(c.Uint8Array(cut[:]), c.Int(int64(have)), c.Int(int64(missing))), nil
	})
}
