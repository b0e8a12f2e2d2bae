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

// The variables by which a parent tells a child of its channel (Node v20, lib/child_process.js and
// lib/internal/bootstrap/node).
const (
	envFD   = "NODE_CHANNEL_FD"
	envMode = "NODE_CHANNEL_SERIALIZATION_MODE"
)

// environment is held from reading the two variables to removing them, because they are the
// process's and not a loop's.
var environment sync.Mutex

// Parent returns the channel to the process that has forked this one: by childprocess.Fork, or by
// Node's fork or spawn with an 'ipc' slot. It takes the descriptor that NODE_CHANNEL_FD names and
// removes that variable and NODE_CHANNEL_SERIALIZATION_MODE from the environment, so that this
// program's own children do not think that they have a channel. A channel on descriptor 0, 1 or 2
// is moved, and /dev/null takes its place.
//
// The channel does not keep the loop alive by itself, only while it has listeners for OnMessage or
// OnDisconnect, or something to send; from the first call of Ref or Unref on, those decide.
//
// When there is no channel, or another loop has taken it, the error is [ErrNoParent]; for one that
// cannot be used it is an *[EnvError], and nothing is closed. Calling Parent again on the same loop
// returns the same channel, also when it has ended.
func Parent(l *reactor.Loop) (*Channel, error) { return ParentWith(l, nil) }

// ParentWith is [Parent] with options: a worker may bound what its parent sends. Serialization is
// that of the parent, whatever o says. When Parent or ParentWith was called before, o is ignored.
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
			fd.Close(socket) // Nobody knows this number.
		}
		return nil, err
	}
	c.refs = refCounted
	c.update()
	h.parent = c
	return c, nil
}

func takeEnvironment() (number, mode string) {
	environment.Lock()
	defer environment.Unlock()
	number, mode = os.Getenv(envFD), os.Getenv(envMode)
	// Unsetenv fails for impossible names only.
	_, _ = os.Unsetenv(envFD), os.Unsetenv(envMode)
	return number, mode
}

// inheritedSocket returns the descriptor that number names, moved away from the standard ones.
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

// moveStandard gives a channel on a standard descriptor another number. Closing 0, 1 or 2 at its
// end would hand the number to the next file that is opened, and what is printed would go there.
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
