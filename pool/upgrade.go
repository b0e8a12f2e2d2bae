package pool

import (
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// upgradeVariable tells a program that it takes the place of the one that has started it.
const upgradeVariable = "BROOD_POOL_UPGRADE"

// DefaultUpgradeTimeout is how long a new program has to say that it is ready, by default.
const DefaultUpgradeTimeout = time.Minute

// UpgradeOptions say what takes the place of this program. A nil *UpgradeOptions means all
// defaults.
type UpgradeOptions struct {
	// Program is the file. "": the one that this program was started from, as it is now, see
	// os.Executable.
	Program string

	// Args are its arguments. Nil: those of this program.
	Args []string

	// Env is its environment. Nil: that of this program.
	Env []string

	// Listeners are passed to it: see [childprocess.ListenFDs], which it calls. They stay this
	// program's, too.
	Listeners []childprocess.ListenFD

	// Timeout is how long it has to become ready. 0: DefaultUpgradeTimeout.
	Timeout time.Duration
}

// An UpgradeError is a new program that did not become ready. It was ended; this program goes on as
// before.
type UpgradeError struct {
	Pid    int                     // 0 if it could not be started
	Status childprocess.ExitStatus // how it ended
	// a *[childprocess.SpawnError]; ErrStartTimeout; nil: it has ended by itself
	Err error
}

// Error returns a text such as "pool: upgrade: exit status 1".
func (e *UpgradeError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("pool: upgrade: %s", e.Err)
	}
	return "pool: upgrade: " + e.Status.String()
}

// Unwrap returns the cause.
func (e *UpgradeError) Unwrap() error { return e.Err }

// Upgrade starts the program that is to take this one's place, and calls done when it says by
// [Upgraded] that it is ready, or with an *[UpgradeError]: never inside this call. After success
// this program should stop accepting, end its pools, and exit; the paths of its unix listeners then
// stay, they are the new program's. One upgrade of a loop is under way at a time: ErrReloading.
// Other errors are those of childprocess.Fork.
//
// A service manager that follows the main process has to be told of pid, as systemd by MAINPID=
// (sd_notify(3)).
func Upgrade(l *reactor.Loop, o *UpgradeOptions, done func(pid int, err error)) error {
	if done == nil {
		panic("pool: Upgrade: nil callback")
	}
	if o == nil {
		o = new(UpgradeOptions)
	}
	u, err := upgradeOf(l)
	if err != nil {
		return err
	}
	if u.child != nil {
		return ErrReloading
	}
	program, args, env := o.Program, o.Args, o.Env
	if program == "" {
		if program, err = os.Executable(); err != nil {
			return err
		}
	}
	if args == nil {
		args = os.Args[1:]
	}
	if env == nil {
		env = os.Environ()
	}
	child, err := childprocess.Fork(l, program, args, &childprocess.ForkOptions{Options: childprocess.Options{
		Env: append(env[:len(env):len(env)], upgradeVariable+"=1"), ListenFDs: o.Listeners, CloseGrace: leftBehind,
	}})
	if err != nil {
		return err
	}
	*u = upgrade{loop: l, child: child, listeners: o.Listeners, done: done}
	u.begin(or(o.Timeout, DefaultUpgradeTimeout))
	return nil
}

// upgrade is that of a loop.
type upgrade struct {
	loop      *reactor.Loop
	child     *childprocess.ChildProcess // nil: none is under way
	listeners []childprocess.ListenFD
	timeout   *reactor.Timer
	cause     error
	done      func(int, error)
}

type upgradeKey struct{}

func upgradeOf(l *reactor.Loop) (*upgrade, error) {
	c, err := l.Local(upgradeKey{}, func() (io.Closer, error) { return new(upgrade), nil })
	if err != nil {
		return nil, err
	}
	return c.(*upgrade), nil
}

// Close is for the loop that ends: a program that is not ready by then is ended.
func (u *upgrade) Close() error {
	if u.child != nil {
		u.child.Terminate(0)
	}
	return nil
}

func (u *upgrade) begin(timeout time.Duration) {
	c := u.child
	u.timeout = u.loop.SetTimeout(timeout, func() {
		u.cause = ErrStartTimeout
		c.Terminate(DefaultKillGrace)
	})
	c.OnError(func(err error) {
		if u.cause == nil {
			u.cause = err
		}
	})
	c.OnMessage(func(m *ipc.Message) {
		var said struct{ Upgraded bool }
		if m.Decode(&said) == nil && said.Upgraded && u.child == c && u.cause == nil {
			u.onReady()
		}
	})
	c.OnClose(func(status childprocess.ExitStatus) {
		if u.child == c {
			u.finish(c.Pid(), &UpgradeError{c.Pid(), status, u.cause})
		}
	})
}

// onReady lets the new program go: it lives on without this one.
func (u *upgrade) onReady() {
	for _, l := range u.listeners {
		if unix, ok := l.Socket.(*net.UnixListener); ok {
			unix.SetUnlinkOnClose(false)
		}
	}
	c := u.child
	c.Disconnect()
	c.Unref()
	u.finish(c.Pid(), nil)
}

func (u *upgrade) finish(pid int, err error) {
	u.timeout.Stop()
	done := u.done
	*u = upgrade{}
	done(pid, err)
}

// Upgraded tells the program that has started this one by [Upgrade] that this one is ready, which
// then ends. In a program that was not started so it does nothing, and returns false. Errors are
// those of ipc.Parent.
func Upgraded(l *reactor.Loop) (bool, error) {
	if os.Getenv(upgradeVariable) == "" {
		return false, nil
	}
	// Those that this program starts are not meant. Unsetenv fails for impossible names only.
	_ = os.Unsetenv(upgradeVariable)
	parent, err := ipc.Parent(l)
	if err != nil {
		return false, err
	}
	if err := parent.Send(struct {
		Upgraded bool `json:"upgraded"`
	}{true}); err != nil {
		return false, err
	}
	parent.Disconnect()
	return true, nil
}
