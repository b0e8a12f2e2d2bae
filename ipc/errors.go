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
	// messages that were still queued when it ended. errors.Is(ErrChannelClosed, os.ErrClosed) is
	// true.
	ErrChannelClosed error = channelClosed{}

	// ErrDisconnected comes to OnError when Disconnect is called on a channel that is not
	// connected.
	ErrDisconnected = errors.New("ipc: channel is already disconnected")

	// ErrNoParent is returned by [Parent] when the program was not started with a channel, or has
	// taken it already.
	ErrNoParent = errors.New("ipc: no channel from a parent")

	// ErrMessageTooLong is the cause of a [MessageError] when a message is over Options.MaxMessage,
	// and the error of sending one that is too long for its length field (4 GiB, Advanced).
	ErrMessageTooLong = frames.ErrTooLong

	// ErrQueueFull is returned by Send when Options.MaxQueue bytes are queued.
	ErrQueueFull = errors.New("ipc: queue full")

	// ErrNotInternal is returned by SendInternal for a message that is not one of Node's internal
	// ones, or is the channel's.
	ErrNotInternal = errors.New("ipc: not an internal message of Node's")

	// ErrTooManyRequests is returned by Request when Options.MaxRequests wait for their answers.
	ErrTooManyRequests = errors.New("ipc: too many requests without an answer")

	// ErrHandlesTruncated comes to OnError when the system could not hand over all the descriptors
	// that came with a message, usually because this process has no more left (EMFILE). All that
	// came were closed; the sender is told so.
	ErrHandlesTruncated = errors.New("ipc: descriptors were lost on the way")

	// ErrHandleNotReceived comes to OnError when the peer has said, as often as is asked, that a
	// handle did not arrive.
	ErrHandleNotReceived = errors.New("ipc: handle did not reach the receiving process")

	// ErrMessageExpired is returned by the methods of a [Message] after its callback has returned.
	ErrMessageExpired = errors.New("ipc: message used after its callback has returned")
)

type channelClosed struct{}

func (channelClosed) Error() string        { return "ipc: channel closed" }
func (channelClosed) Is(target error) bool { return target == os.ErrClosed }

// A ChannelError is a system call on a channel's descriptor that failed.
type ChannelError struct {
	Op  string // the system call, or "open" for what New or Parent found wrong with the descriptor
	Err error  // usually a syscall.Errno
}

// Error returns a text such as "ipc: write: broken pipe".
func (e *ChannelError) Error() string { return "ipc: " + e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ChannelError) Unwrap() error { return e.Err }

func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return &ChannelError{Op: op, Err: err}
}

// An EnvError is an environment variable that does not describe a channel. See [Parent].
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

// maxExcerpt is the length of MessageError.Data, in bytes: enough to see what it was.
const maxExcerpt = 64

// A MessageError is a message from the peer that could not be understood. It was dropped; those
// before and behind it were not.
type MessageError struct {
	Data []byte // how it begins, at most 64 bytes; nil for one of Advanced that was too long
	Err  error  // ErrMessageTooLong, or what is wrong with it
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

func badMessage(data []byte, err error) *MessageError {
	return &MessageError{Data: append([]byte{}, data[:min(len(data), maxExcerpt)]...), Err: err}
}

// An AnswerError is the error with which the peer has answered a [Channel.Request].
type AnswerError struct {
	Value any // what was in the answer, as [Message.Value] gives it; nil if that was too deep
}

// Error returns a text such as "ipc: the answer is an error: no such job": the error itself if it
// is a text, else its member message if that is one.
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
