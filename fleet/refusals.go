package fleet

import (
	"context"
	"errors"
	"regexp"
	"sync"

	"github.com/nats-io/nats.go"
)

// refusals ends what waits for an answer that cannot come. The server refuses a subject by a
// message that names it and no request, so to the request a refusal looks like a time-out.
type refusals struct {
	mu      sync.Mutex
	waiting map[*waitRefusal]struct{}
}

type waitRefusal struct {
	covers func(subject string) bool
	cancel context.CancelCauseFunc
}

// guard returns a context that ends with an error that wraps ErrPermission when a subject is
// refused that covers says is part of the operation. The caller must call release.
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

func (r *refusals) refuse(subject string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for w := range r.waiting {
		if w.covers(subject) {
			w.cancel(&OpError{"use", subject, errors.Join(ErrPermission, err)})
		}
	}
}

// subscribed waits until the server has heard of the subscriptions that were made. The error wraps
// ErrPermission when it has refused one that covers says is part of the operation: the refusal
// comes before the answer, but is told on another goroutine, perhaps later.
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

// quoted is the subject in what the server says: Permissions Violation for Publish to "a.b", or
// Subscription to "a.b".
var quoted = regexp.MustCompile(`(?:Publish|Subscription) to "([^"\s]+)`)

// refusedSubject returns the subject that was refused, "" for another error.
func refusedSubject(err error) string {
	if !errors.Is(err, nats.ErrPermissionViolation) {
		return ""
	}
	if m := quoted.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return ""
}
