package host

import (
	"errors"

	"github.com/fsnotify/fsnotify"

	"github.com/brood-go/brood/script/engine"
)

// fileWatch is the native object of a watcher of a file or a directory. Its methods are close, ref
// and unref. Its fields belong to the loop goroutine.
type fileWatch struct {
	h       *Host
	w       *fsnotify.Watcher
	on      engine.Kept
	release func() // ends the hold on the loop; nil while there is none
	closed  bool
}

// watchFiles is watch(path, on). on is called with 'rename' or 'change' and a path, or with an
// error.
func (h *Host) watchFiles(c *engine.Call) (engine.Value, error) {
	path := c.Arg(0).Text()
	w, err := fsnotify.NewWatcher()
	if err == nil {
		if err = w.Add(path); err != nil {
			err = errors.Join(err, w.Close())
		}
	}
	if err != nil {
		if e := asSystemError(err); e != nil {
			return c.Undefined(), onPath("watch", e.errno, path)
		}
		return c.Undefined(), err
	}
	prototype, err := h.prototype(c.Scope, "fileWatch", fileWatchMethods)
	if err != nil {
		return prototype, errors.Join(err, w.Close())
	}
	f := &fileWatch{h: h, w: w, on: h.keepCallback(c.Scope, c.Arg(1)), release: h.loop.Hold()}
	h.closers[f] = struct{}{}
	// pump ends when the watcher is closed, at the latest by Host.Close, which does not wait for
	// it.
	go f.pump()
	return c.Native(prototype, f), nil
}

func fileWatchMethods(b *builder) {
	method(b, "close", func(f *fileWatch, c *engine.Call) (engine.Value, error) { f.close(); return c.Undefined(), nil })
	method(b, "ref", func(f *fileWatch, c *engine.Call) (engine.Value, error) {
		if f.release == nil && !f.closed {
			f.release = f.h.loop.Hold()
		}
		return c.Undefined(), nil
	})
	method(b, "unref", func(f *fileWatch, c *engine.Call) (engine.Value, error) { f.unref(); return c.Undefined(), nil })
}

func (f *fileWatch) unref() {
	if f.release != nil {
		f.release()
		f.release = nil
	}
}

// close closes the watcher. A second call does nothing.
func (f *fileWatch) close() {
	if f.closed {
		return
	}
	f.closed = true
	f.unref()
	_ = f.w.Close() // Nothing is lost if it fails.
	f.h.engine.Release(&f.on)
	delete(f.h.closers, f)
}

// pump posts the watcher's events to the loop, on a goroutine of its own.
func (f *fileWatch) pump() {
	events, failures := f.w.Events, f.w.Errors
	for events != nil || failures != nil {
		select {
		case event, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			kind := "change"
			if event.Has(fsnotify.Create) || event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename) {
				kind = "rename"
			}
			f.post(func(s *engine.Scope) []engine.Value { return []engine.Value{s.String(kind), s.String(event.Name)} })
		case err, ok := <-failures:
			if !ok {
				failures = nil
				continue
			}
			f.post(func(s *engine.Scope) []engine.Value { return []engine.Value{f.h.errorValue(s, err)} })
		}
	}
}

func (f *fileWatch) post(args func(*engine.Scope) []engine.Value) {
	// A closed loop drops the event.
	_ = f.h.loop.Post(func() {
		if f.closed {
			return
		}
		_ = f.h.Do(func(s *engine.Scope) error {
			_, err := s.Kept(f.on).Call(s.Undefined(), args(s)...)
			return err
		})
	})
}
