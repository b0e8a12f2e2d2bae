package streams

// Collect reads everything and calls fn once, with the data, which the callee may keep. With an
// error data is what came before it. When more than max bytes come (max < 0: no limit), the stream
// is destroyed and fn gets the first max bytes and [ErrTooMuch]. A stream destroyed before its end
// gives the error that it was destroyed with, or [ErrClosed].
func (r *Readable) Collect(limit int, fn func(data []byte, err error)) {
	if fn == nil {
		panic("streams: Collect: nil callback")
	}
	c := &collector{r: r, limit: limit, fn: fn}
	if r.Closed() {
		r.d.loop.NextTick(func() { c.done(orClosed(r.cause)) })
		return
	}
	r.OnEnd(func() { c.done(nil) })
	r.OnError(c.done)
	r.OnClose(func() { c.done(ErrClosed) })
	r.NotifyData(c)
}

type collector struct {
	r     *Readable
	limit int
	fn    func([]byte, error) // nil once called
	data  []byte
}

// StreamData is called with each chunk.
func (c *collector) StreamData(chunk []byte) {
	if c.limit >= 0 && len(c.data)+len(chunk) > c.limit {
		c.data = append(c.data, chunk[:c.limit-len(c.data)]...)
		c.r.d.loop.NextTick(func() { c.done(ErrTooMuch) })
		c.r.Destroy(nil)
		return
	}
	c.data = append(c.data, chunk...)
}

func (c *collector) done(err error) {
	if c.fn == nil {
		return
	}
	fn := c.fn
	c.fn = nil
	fn(c.data, err)
}
