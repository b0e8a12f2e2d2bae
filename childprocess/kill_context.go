package childprocess

import (
	"context"
	"sync"

	"github.com/brood-go/brood/reactor"
)

// contextWatch posts a call to the loop when a context is done, from the goroutine of
// context.AfterFunc. That goroutine lasts as long as the post. After stop it posts nothing, even if
// it has begun: the post would keep alive a loop whose Run has returned.
type contextWatch struct {
	mu      sync.Mutex
	stopped bool // under mu; stop was called

	cancel func() bool // the loop goroutine's; see context.AfterFunc
}

// watchContext calls done on l when ctx is done, unless stop is called before.
func watchContext(ctx context.Context, l *reactor.Loop, done func()) *contextWatch {
	w := &contextWatch{}
	w.cancel = context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.stopped {
			_ = l.Post(done) // It fails for a closed loop, which has dropped the child.
		}
	})
	return w
}

// stop drops the call. It is called on the loop goroutine, and a second time does nothing.
func (w *contextWatch) stop() {
	w.cancel()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
}
