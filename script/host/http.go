package host

import (
	"errors"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/http1"
)

// eventError is a result of next besides the events of package http1. The library has the same
// number.
const eventError = 5

// eventBits is how far next shifts the number of consumed bytes, to make room for the event.
const eventBits = 3

// bindHTTP gives the library the parser of HTTP/1.
func bindHTTP(b *builder) {
	h := b.h
	methods := stringArray(b.s, http1.Methods)
	b.value("methods", methods)
	b.fn("parser", func(c *engine.Call) (engine.Value, error) {
		prototype, err := h.prototype(c.Scope, "HTTP parser", parserMethods)
		if err != nil {
			return c.Undefined(), err
		}
		return c.Native(prototype, http1.New(http1.Options{Request: c.Arg(0).Bool(), Limit: int(c.Arg(1).Int()),
			Lenient: c.Arg(2).Bool()})), nil
	})
}

func parserMethods(b *builder) {
	method(b, "next", parserNext)
	method(b, "head", parserHead)
	method(b, "begin", func(p *http1.Parser, c *engine.Call) (engine.Value, error) {
		p.Begin(int(c.Arg(0).Int()))
		return c.Undefined(), nil
	})
	method(b, "trailers", func(p *http1.Parser, c *engine.Call) (engine.Value, error) {
		return stringArray(c.Scope, p.Trailers()), nil
	})
	method(b, "finish", func(p *http1.Parser, c *engine.Call) (engine.Value, error) {
		e, err := p.Finish()
		return parserResult(c, e, 0, err)
	})
	method(b, "failure", func(p *http1.Parser, c *engine.Call) (engine.Value, error) {
		_, _, err := p.Next(nil)
		if e, ok := errors.AsType[*http1.Error](err); ok {
			return stringArray(c.Scope, []string{e.Code, e.Reason}), nil
		}
		return c.Undefined(), nil
	})
}

// parserNext is next(bytes, start, end).
func parserNext(p *http1.Parser, c *engine.Call) (engine.Value, error) {
	e, n, err := p.Next(slice(bytesArg(c, 0), c.Arg(1).Float(), c.Arg(2).Float()))
	return parserResult(c, e, n, err)
}

// parserResult returns the event and the number of consumed bytes in one number.
func parserResult(c *engine.Call, e http1.Event, n int, err error) (engine.Value, error) {
	if err != nil {
		e = eventError
	}
	return c.Int(int64(n)<<eventBits | int64(e)), nil
}

// parserHead returns the parts of a head as an array, because an array is made faster than an
// object.
func parserHead(p *http1.Parser, c *engine.Call) (engine.Value, error) {
	head := p.Head()
	return c.Array(c.Int(int64(head.Major)), c.Int(int64(head.Minor)), stringArray(c.Scope, head.Headers),
		c.String(head.Method), c.String(head.URL),
		c.Int(int64(head.Status)), c.String(head.Reason), c.Bool(head.Upgrade), c.Bool(head.KeepAlive)), nil
}
