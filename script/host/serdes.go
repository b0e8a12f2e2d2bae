package host

import (
	"github.com/brood-go/brood/ipc/v8"
	"github.com/brood-go/brood/script/engine"
)

// bindSerdes gives the library v8.serialize and v8.deserialize.
func bindSerdes(b *builder) {
	h := b.h
	b.fn("serialize", func(c *engine.Call) (engine.Value, error) {
		v, err := h.clone(c.Scope, c.Arg(0))
		if err != nil {
			return c.Undefined(), err
		}
		bytes, err := v8.Append(nil, v)
		if err != nil {
			return c.Undefined(), err
		}
		return c.Uint8Array(bytes), nil
	})
	b.fn("deserialize", func(c *engine.Call) (engine.Value, error) {
		bytes, _ := c.Arg(0).Bytes()
		v, err := v8.Value(bytes)
		if err != nil {
			return c.Undefined(), &codedError{"Error", "ERR_INVALID_ARG_VALUE", "Unable to deserialize cloned data: " +
				err.Error()}
		}
		return h.revive(c.Scope, v)
	})
}
