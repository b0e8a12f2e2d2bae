package ipc

import (
	"errors"
	"os"
	"strconv"

	"github.com/brood-go/brood/internal/frames"
	"github.com/brood-go/brood/ipc/v8"
)

var (
	// ErrChannelClosed is the error of sending over a channel that is not connected, and of
	// messages that were still queued when the channel closed. errors.Is(ErrChannelClosed,
	// os.ErrClosed) is true.
	ErrChannelClosed error = channelClosed{}

	// ErrDisconnected goes to OnError when Disconnect is called on a channel that is not connected.
	ErrDisconnected = errors.New("ipc: channel is already disconnected")

	// ErrNoParent is the error of [Parent] when the program was not started with a channel, or an
	// earlier call has taken it: on another loop, or with an error.
	ErrNoParent = errors.New("ipc: no channel from a parent")

	// ErrMessageTooLong is the cause of a [MessageError] for a message longer than
	// Options.MaxMessage, and the error of sending a message whose length does not fit its length
	// field (4 GiB, Advanced).
	ErrMessageTooLong = frames.ErrTooLong

	// ErrQueueFull is the error of Send when Options.MaxQueue bytes are queued.
	ErrQueueFull = errors.New("ipc: queue full")

	// ErrNotInternal is the error of SendInternal for a message that is not one of Node's internal
	// messages, or is one by which channels send handles.
	ErrNotInternal = errors.New("ipc: not an internal message of Node's")

	// ErrTooManyRequests is the error of Request when Options.MaxRequests requests wait for their
	// answers.
	ErrTooManyRequests = errors.New("ipc: too many requests without an answer")

	// ErrHandlesTruncated goes to OnError when the system could not receive all the descriptors of
	// a message, usually because this process has no free descriptors (EMFILE). All received ones
	// were closed, and the sender gets a NACK.
	ErrHandlesTruncated = errors.New("ipc: descriptors were lost on the way")

	// ErrHandleNotReceived goes to OnError, or to SendOptions.Received, when the peer has answered
	// that a handle did not arrive and it is not sent again.
	ErrHandleNotReceived = errors.New("ipc: handle did not reach the receiving process")

	// ErrMessageExpired is the error of the methods of a [Message] after its callback has returned.
	ErrMessageExpired = errors.New("ipc: message used after its callback has returned")
)

type channelClosed struct{}

func (channelClosed) Error() string        { return "ipc: channel closed" }
func (channelClosed) Is(target error) bool { return target == os.ErrClosed }

// A ChannelError is the error of a failed system call on a channel's descriptor.
type ChannelError struct {
	Op  string // the system call, or "open" if New or Parent refuses the descriptor
	Err error  // usually a syscall.Errno
}

// Error returns a text such as "ipc: write: broken pipe".
func (e *ChannelError) Error() string { return "ipc: " + e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ChannelError) Unwrap() error { return e.Err }

// wrap returns a *ChannelError, nil for nil.
func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return &ChannelError{Op: op, Err: err}
}

// An EnvError is the error of [Parent] for an environment variable that does not describe a
// channel.
type EnvError struct {
	Name, Value string
	Err         error // a *strconv.NumError, a syscall.Errno, or errors.ErrUnsupported
}

// Error returns a text such as `ipc: NODE_CHANNEL_FD="99": bad file descriptor`.
func (e *EnvError) Error() string {
	return "ipc: " + e.Name + "=" + strconv.Quote(e.Value) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *EnvError) Unwrap() error { return e.Err }

// maxExcerpt is the longest MessageError.Data, in bytes: enough to recognize the message.
const maxExcerpt = 64

// A MessageError is the error of a malformed or too long message from the peer. The message was
// dropped; those before and behind it were not.
type MessageError struct {
	// the beginning of the message, at most 64 bytes; nil for an Advanced message that was too long
	Data []byte
	Err  error // ErrMessageTooLong, or the decoder's error
}

// Error returns a text such as `ipc: message "{]": invalid character ']'`.
func (e *MessageError) Error() string {
	if e.Data == nil || e.Err == ErrMessageTooLong {
		return "ipc: " + e.Err.Error()
	}
	return "ipc: message " + strconv.Quote(string(e.Data)) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *MessageError) Unwrap() error { return e.Err }

// badMessage returns the MessageError for data. It copies the excerpt.
func badMessage(data []byte, err error) *MessageError {
	return &MessageError{Data: append([]byte{}, data[:min(len(data), maxExcerpt)]...), Err: err}
}

// An AnswerError is the error with which the peer has answered a [Channel.Request].
type AnswerError struct {
	// the error in the answer, as [Message.Value] returns it; nil if it was nested too deep
	Value any
}

// Error returns a text such as "ipc: the answer is an error: no such job": with Value if that is a
// string, or with its member message if that is one.
func (e *AnswerError) Error() string {
	const text = "ipc: the answer is an error"
	switch v := e.Value.(type) {
	case string:
		return text + ": " + v
	case error: // a *v8.Error
		return text + ": " + v.Error()
	case map[string]any:
		if message, ok := v["message"].(string); ok {
			return text + ": " + message
		}
	case *v8.Object:
		member, _ := v.Get("message")
		if message, ok := member.(string); ok {
			return text + ": " + message
		}
	}
	return text
}
