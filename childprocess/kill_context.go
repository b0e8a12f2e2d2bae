package childprocess

import (
	"context"
	"sync"

	"github.com/brood-go/brood/reactor"
)

// contextWatch has the loop told of the end of a context, which comes on a goroutine of its own.
// Once it is stopped nothing comes to the loop any more, not even from a goroutine that was just
// about to: that would keep a loop alive for nothing whose Run has returned.
type contextWatch struct {
	// the only thing of a child that another goroutine touches, so it is not the loop's
	mu      sync.Mutex
	stopped bool
	cancel  func() bool
}

func watchContext(ctx context.Context, l *reactor.Loop, done func()) *contextWatch {
	w := &contextWatch{}
	w.cancel = context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.stopped {
			_ = l.Post(done) // A closed loop has let go of the child.
		}
	})
	return w
}

func (w *contextWatch) stop() {
	w.cancel()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
}
