package host

import (
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodeurl"
)

// bindURL gives the library the parser of URLs. A URL is an array of its parts; null means that the
// text is no URL.
func bindURL(b *builder) {
	b.fn("parse", func(c *engine.Call) (engine.Value, error) {
		parts, err := nodeurl.Parse(outsideText(c.Arg(0)), outsideText(c.Arg(1)))
		return partsArray(c, parts, err)
	})
	b.fn("canParse", func(c *engine.Call) (engine.Value, error) {
		_, err := nodeurl.Parse(outsideText(c.Arg(0)), outsideText(c.Arg(1)))
		return c.Bool(err == nil), nil
	})
	b.fn("set", func(c *engine.Call) (engine.Value, error) {
		parts, err := nodeurl.Set(c.Arg(0).Text(), c.Arg(1).Text(), outsideText(c.Arg(2)))
		return partsArray(c, parts, err)
	})
	b.fn("parseForm", func(c *engine.Call) (engine.Value, error) {
		return stringArray(c.Scope, nodeurl.ParseForm(outsideText(c.Arg(0)))), nil
	})
	b.fn("form", func(c *engine.Call) (engine.Value, error) {
		n, err := c.Arg(0).Len()
		if err != nil {
			return c.Undefined(), err
		}
		list := make([]string, n)
		for i := range list {
			one, err := c.Arg(0).Index(i)
			if err != nil {
				return c.Undefined(), err
			}
			list[i] = one.Text()
		}
		return c.String(nodeurl.Form(list)), nil
	})
	change := func(name string, fn func(string) string) {
		b.fn(name, func(c *engine.Call) (engine.Value, error) { return c.String(fn(outsideText(c.Arg(0)))), nil })
	}
	change("toASCII", nodeurl.ToASCII)
	change("nameToASCII", nodeurl.NameToASCII)
	change("toUnicode", nodeurl.ToUnicode)
	change("encodePath", nodeurl.EncodePath)
	b.fn("decodePercent", func(c *engine.Call) (engine.Value, error) {
		return c.ArrayBuffer(nodeurl.DecodePercent(c.Arg(0).Text())), nil
	})
}

func partsArray(c *engine.Call, p nodeurl.Parts, err error) (engine.Value, error) {
	if err != nil {
		return c.Null(), nil
	}
	return stringArray(c.Scope, []string{
		p.Href, p.Protocol, p.Username, p.Password, p.Host, p.Hostname, p.Port, p.Pathname, p.Search, p.Hash,
	}), nil
}
