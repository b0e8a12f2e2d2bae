package streams

// Collect reads all data and calls fn once, never inside Collect. The callee may keep data. If
// there is an error, data is the part before it. If more than limit bytes come (limit < 0: no
// limit), the stream is destroyed, and fn gets the first limit bytes and [ErrTooMuch]. If the
// stream is destroyed before its end, fn gets the error of that, or [ErrClosed]. Collect starts the
// flow, unless Pause was called.
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

// collector is one Collect: a data watcher, so that listeners cannot keep chunks from it.
type collector struct {
	r     *Readable
	limit int                 // of bytes; negative: none
	fn    func([]byte, error) // nil once called
	data  []byte              // copied from the chunks; the user's once fn is called
}

// StreamData implements [DataWatcher].
func (c *collector) StreamData(chunk []byte) {
	if c.limit >= 0 && len(c.data)+len(chunk) > c.limit {
		c.data = append(c.data, chunk[:c.limit-len(c.data)]...)
		c.r.d.loop.NextTick(func() { c.done(ErrTooMuch) })
		c.r.Destroy(nil)
		return
	}
	c.data = append(c.data, chunk...)
}

// done calls fn, the first time.
func (c *collector) done(err error) {
	if c.fn == nil {
		return
	}
	fn := c.fn
	c.fn = nil
	fn(c.data, err)
}
