package fleet

import (
	"context"
	"errors"
	"regexp"
	"sync"

	"github.com/nats-io/nats.go"
)

// refusals ends operations whose answer cannot come. If the server refuses a subject, its message
// names the subject and not the request, so the request would only time out. Its methods are safe
// to call from any goroutine.
type refusals struct {
	mu      sync.Mutex
	waiting map[*waitRefusal]struct{}
}

// waitRefusal is an operation between guard and release.
type waitRefusal struct {
	covers func(subject string) bool
	cancel context.CancelCauseFunc
}

// guard returns a context that ends with an error that wraps ErrPermission, if a subject is refused
// for which covers returns true. The caller must call release.
func (r *refusals) guard(ctx context.Context, covers func(subject string) bool) (guarded context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &waitRefusal{covers, cancel}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == nil {
		r.waiting = map[*waitRefusal]struct{}{}
	}
	r.waiting[w] = struct{}{}
	return ctx, func() {
		r.mu.Lock()
		delete(r.waiting, w)
		r.mu.Unlock()
		cancel(nil)
	}
}

// refuse ends all operations that use the subject.
func (r *refusals) refuse(subject string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for w := range r.waiting {
		if w.covers(subject) {
			w.cancel(&OpError{"use", subject, errors.Join(ErrPermission, err)})
		}
	}
}

// subscribed waits until the server has processed the latest subscriptions. If it refused one for
// which covers returns true, the error wraps ErrPermission. The refusal comes before the answer,
// but it may be handled later, because that happens on another goroutine.
func (f *Fleet) subscribed(ctx context.Context, covers func(subject string) bool) error {
	ctx, release := f.refusals.guard(ctx, covers)
	defer release()
	err := f.nc.FlushWithContext(ctx)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	last := f.nc.LastError()
	if subject := refusedSubject(last); err == nil && subject != "" && covers(subject) {
		return &OpError{"use", subject, errors.Join(ErrPermission, last)}
	}
	return err
}

// quoted matches the subject in an error of the server: Permissions Violation for Publish to "a.b",
// or Subscription to "a.b".
var quoted = regexp.MustCompile(`(?:Publish|Subscription) to "([^"\s]+)`)

// refusedSubject returns the refused subject, "" for any other error.
func refusedSubject(err error) string {
	if !errors.Is(err, nats.ErrPermissionViolation) {
		return ""
	}
	if m := quoted.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return ""
}
