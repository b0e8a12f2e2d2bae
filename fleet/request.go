package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// attemptTimeout bounds the first attempt of an operation: a server that has just died does not
	// answer. Each further attempt may take twice as long, because the server may just be slow.
	attemptTimeout = time.Second

	// The pause between two attempts doubles from firstRetry to longestRetry.
	firstRetry   = 20 * time.Millisecond
	longestRetry = 500 * time.Millisecond
)

// Error codes of the JetStream API (nats-server v2.15, server/errors.json) without a name in
// nats.go.
const (
	codeNoPeers          jetstream.ErrorCode = 10005
	codeNotAvailable     jetstream.ErrorCode = 10008
	codeNotLeader        jetstream.ErrorCode = 10009
	codeNoResources      jetstream.ErrorCode = 10023
	codeAccountStorage   jetstream.ErrorCode = 10028
	codeServerStorage    jetstream.ErrorCode = 10047
	codeStoreFailed      jetstream.ErrorCode = 10077
	codeDuplicateRunning jetstream.ErrorCode = 10158 // the same message is being stored
)

// limit bounds ctx by Options.Timeout if it has no deadline.
func (f *Fleet) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, f.o.Timeout, errLimit)
}

// errLimit is the cause of a context that ended by limit.
var errLimit = errors.New("no answer in Options.Timeout")

// retry calls attempt until it succeeds, fails for good, or ctx ends. The error is an *OpError.
func (f *Fleet) retry(ctx context.Context, op, what string, attempt func(ctx context.Context) error) error {
	ctx, cancel := f.limit(ctx)
	defer cancel()
	timeout := attemptTimeout
	for wait := firstRetry; ; wait, timeout = min(2*wait, longestRetry), 2*timeout {
		try, cancelTry := context.WithTimeout(ctx, timeout)
		err := attempt(try)
		cancelTry()
		switch {
		case err == nil:
			return nil
		case f.nc.IsClosed():
			return &OpError{op, what, ErrClosed}
		case ctx.Err() != nil:
			return &OpError{op, what, whyEnded(ctx, err)}
		case missing(err):
			return &OpError{op, what, errors.Join(ErrNotSetUp, err)}
		case !temporary(err):
			return &OpError{op, what, err}
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return &OpError{op, what, whyEnded(ctx, err)}
		}
	}
}

// whyEnded returns the error of an operation whose context has ended. err is the error of its last
// attempt.
func whyEnded(ctx context.Context, err error) error {
	if errors.Is(err, ErrPermission) {
		return err
	}
	cause := context.Cause(ctx)
	if errors.Is(cause, context.Canceled) {
		return cause
	}
	return errors.Join(ErrUnavailable, cause)
}

// temporary reports whether an attempt may succeed later, because the connection is lost or the
// servers choose a leader.
func temporary(err error) bool {
	switch code(err) {
	case codeNoPeers, codeNotAvailable, codeNotLeader, codeDuplicateRunning:
		return true
	}
	for _, t := range []error{
		context.DeadlineExceeded, nats.ErrTimeout, nats.ErrNoResponders, nats.ErrConnectionReconnecting, nats.ErrDisconnected,
		nats.ErrReconnectBufExceeded, jetstream.ErrNoStreamResponse, nats.ErrStaleConnection,
	} {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}

// code returns the code of an error of the JetStream API, 0 for any other error.
func code(err error) jetstream.ErrorCode {
	if api, ok := errors.AsType[*jetstream.APIError](err); ok {
		return api.ErrorCode
	}
	if js, ok := errors.AsType[jetstream.JetStreamError](err); ok && js.APIError() != nil {
		return js.APIError().ErrorCode
	}
	return 0
}

// full reports whether the server has no room for a message.
func full(err error) bool {
	switch code(err) {
	case codeStoreFailed, codeNoResources, codeAccountStorage, codeServerStorage:
		return true
	}
	return false
}

// call sends msg and returns the answer. It makes one attempt.
func (f *Fleet) call(ctx context.Context, msg *nats.Msg) (*nats.Msg, error) {
	ctx, release := f.refusals.guard(ctx, func(subject string) bool { return subject == msg.Subject })
	defer release()
	answer, err := f.nc.RequestMsgWithContext(ctx, msg)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, ErrPermission) {
		return nil, cause
	}
	return answer, err
}

// pubAck is the answer to a message that a stream should store.
type pubAck struct {
	Error     *jetstream.APIError `json:"error"`
	Stream    string              `json:"stream"`
	Seq       uint64              `json:"seq"`
	Duplicate bool                `json:"duplicate"`
}

// publish stores msg in a stream. tries is the number of attempts: above 1, a duplicate may be our
// own. The error is an *OpError; it wraps an *APIError of package jetstream if the stream refused
// msg.
func (f *Fleet) publish(ctx context.Context, op string, msg *nats.Msg) (ack pubAck, tries int, err error) {
	err = f.retry(ctx, op, msg.Subject, func(ctx context.Context) error {
		tries++
		answer, err := f.call(ctx, msg)
		if err != nil {
			return err
		}
		ack = pubAck{}
		if err := json.Unmarshal(answer.Data, &ack); err != nil {
			return err
		}
		if ack.Error != nil {
			return ack.Error
		}
		return nil
	})
	return ack, tries, err
}

// last returns the last message of the stream on subject, nil if there is none.
func (f *Fleet) last(ctx context.Context, op, stream, subject string) (msg *nats.Msg, err error) {
	request := nats.NewMsg("$JS.API.DIRECT.GET." + stream + "." + subject)
	err = f.retry(ctx, op, subject, func(ctx context.Context) error {
		msg, err = f.call(ctx, request)
		if err == nil && msg.Header.Get("Status") != "" {
			status := msg.Header.Get("Status")
			msg = nil
			if status != "404" {
				return &OpError{op, subject, errors.New("direct get: status " + status)}
			}
		}
		return err
	})
	return msg, err
}

// sendAck sends an acknowledgement of a delivery, or another end of it, and waits for the answer.
func (f *Fleet) sendAck(ctx context.Context, ack, text string) error {
	return f.retry(ctx, "acknowledge", ack, func(ctx context.Context) error {
		_, err := f.call(ctx, &nats.Msg{Subject: ack, Data: []byte(text)})
		return err
	})
}
