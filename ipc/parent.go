package ipc

import (
	"errors"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// The environment variables by which a parent tells a child its channel (Node v20,
// lib/child_process.js and lib/internal/bootstrap/node).
const (
	envFD   = "NODE_CHANNEL_FD"
	envMode = "NODE_CHANNEL_SERIALIZATION_MODE"
)

// environment guards the two variables from reading until removing them, because they belong to the
// process and not to a loop.
var environment sync.Mutex

// Parent returns the channel to the process that started this one with childprocess.Fork, or with
// Node's fork or spawn with an 'ipc' slot. It takes ownership of the descriptor that
// NODE_CHANNEL_FD names, and removes that variable and NODE_CHANNEL_SERIALIZATION_MODE from the
// environment, because this program's children would take the descriptor for theirs. If the
// descriptor is 0, 1 or 2, the channel gets another one, and /dev/null takes its place.
//
// The channel keeps the loop alive while it has listeners for OnMessage or OnDisconnect, or
// something to send. From the first call of Ref or Unref on, these decide.
//
// If there is no channel, or an earlier call has taken it on another loop or failed, the error is
// [ErrNoParent]. If the variables do not name a channel that can be used, the error is an
// *[EnvError], and nothing is closed. Other errors are those of [New]. Another call on the same
// loop returns the same channel, even if it is closed.
func Parent(l *reactor.Loop) (*Channel, error) { return ParentWith(l, nil) }

// ParentWith is [Parent] with options, for instance to bound the messages of the parent. The parent
// decides on the Serialization; that of o is ignored. If Parent or ParentWith has already returned
// a channel, o is ignored.
func ParentWith(l *reactor.Loop, o *Options) (*Channel, error) {
	if l == nil {
		return nil, wrap("open", errNilLoop)
	}
	h, err := hubOf(l)
	if err != nil {
		return nil, err
	}
	if h.parent != nil {
		return h.parent, nil
	}
	number, mode := takeEnvironment()
	if number == "" {
		return nil, ErrNoParent
	}
	var with Options
	if o != nil {
		with = *o
	}
	switch mode {
	case "", JSON.String():
		with.Serialization = JSON
	case Advanced.String():
		with.Serialization = Advanced
	default:
		return nil, &EnvError{envMode, mode, errors.ErrUnsupported}
	}
	socket, moved, err := inheritedSocket(number)
	if err != nil {
		return nil, &EnvError{envFD, number, err}
	}
	c, err := open(l, socket, &with)
	if err != nil {
		if moved {
			fd.Close(socket) // The duplicate is ours.
		}
		return nil, err
	}
	c.refs = refCounted
	c.update()
	h.parent = c
	return c, nil
}

// takeEnvironment returns the values of the two variables and removes them.
func takeEnvironment() (number, mode string) {
	environment.Lock()
	defer environment.Unlock()
	number, mode = os.Getenv(envFD), os.Getenv(envMode)
	// Unsetenv fails for impossible names only.
	_, _ = os.Unsetenv(envFD), os.Unsetenv(envMode)
	return number, mode
}

// inheritedSocket returns the descriptor that number names. If that is a standard descriptor, it
// returns a duplicate, which the caller owns, and moved is true.
func inheritedSocket(number string) (fd int, moved bool, err error) {
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return -1, false, err
	}
	fd = int(n)
	if err := checkSocket(fd); err != nil {
		return -1, false, err
	}
	if fd > 2 {
		return fd, false, nil
	}
	fd, err = moveStandard(fd)
	return fd, true, err
}

// moveStandard returns a duplicate of a channel on a standard descriptor, and puts /dev/null in its
// place. If 0, 1 or 2 were closed with the channel, the next opened file would get the number, and
// printed text would go there.
func moveStandard(socket int) (int, error) {
	moved, err := fd.Duplicate(socket, 3)
	if err != nil {
		return -1, err
	}
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err == nil {
		err = unix.Dup2(null, socket)
		fd.Close(null) // It is only a copy.
	}
	if err != nil {
		fd.Close(moved) // The original is still there.
		return -1, err
	}
	return moved, nil
}
