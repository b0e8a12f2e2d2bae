package host

import (
	"net/url"
	"os"
	"path/filepath"

	"github.com/brood-go/brood/script/callsource"
	"github.com/brood-go/brood/script/engine"
)

// mostSource bounds the files in which calls are looked for: bytes.
const mostSource = 16 << 20

// bindSource gives the library the text of calls.
func bindSource(b *builder) {
	// call(file, line, column) returns the text of a call, empty if the file cannot be read.
	b.fn("call", func(c *engine.Call) (engine.Value, error) {
		file, line, column := c.Arg(0).Text(), int(c.Arg(1).Int()), int(c.Arg(2).Int())
		if u, err := url.Parse(file); err == nil && u.Scheme == "file" {
			file = u.Path // an ES module
		} else if line == 1 {
			column -= len(wrapper)
		}
		if info, err := os.Stat(file); !filepath.IsAbs(file) || err != nil || !info.Mode().IsRegular() ||
			info.Size() > mostSource {
			return c.String(""), nil
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return c.String(""), nil // The message then lacks the text.
		}
		return c.String(callsource.Text(string(source), line, column)), nil
	})
}
