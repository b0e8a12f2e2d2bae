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

// upgradeVariable is in the environment of a program that [Upgrade] starts.
const upgradeVariable = "BROOD_POOL_UPGRADE"

// DefaultUpgradeTimeout is the default of UpgradeOptions.Timeout.
const DefaultUpgradeTimeout = time.Minute

// UpgradeOptions describe the new program. A nil *UpgradeOptions means all defaults.
type UpgradeOptions struct {
	// Program is the file. "": the file of this program as it is now, see os.Executable.
	Program string

	// Args are its arguments. Nil: those of this program.
	Args []string

	// Env is its environment. Nil: that of this program.
	Env []string

	// Listeners are passed to the new program, which gets them by [childprocess.ListenFDs]. This
	// program keeps its own.
	Listeners []childprocess.ListenFD

	// Timeout limits the time until the new program is ready. 0: DefaultUpgradeTimeout.
	Timeout time.Duration
}

// An UpgradeError is a new program that did not become ready. It has exited; this program goes on
// as before.
type UpgradeError struct {
	Pid    int                     // 0 if the program could not be started
	Status childprocess.ExitStatus // status of the new program
	// a *[childprocess.SpawnError]; ErrStartTimeout; nil: it exited by itself
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

// Upgrade starts the program that is to take this one's place. done is called once, never inside
// this call: with the pid when the new program has called [Upgraded], or with an *[UpgradeError].
//
// After success this program should stop accepting, stop its pools, and exit. Its unix listeners
// then do not remove their paths, which the new program uses. A service manager that follows the
// main process needs the new pid, for example systemd by MAINPID= (sd_notify(3)).
//
// A loop has one upgrade at a time: otherwise the error is ErrReloading. Other errors are those of
// childprocess.Fork and os.Executable. Upgrade panics if done is nil.
//
// Must be called on the loop goroutine.
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

// upgrade is the upgrade of a loop, one of its locals.
type upgrade struct {
	loop      *reactor.Loop
	child     *childprocess.ChildProcess // nil: none is under way, and the other fields are zero
	listeners []childprocess.ListenFD
	timeout   *reactor.Timer
	cause     error // the first failure; nil: none
	done      func(int, error)
}

type upgradeKey struct{}

// upgradeOf returns the upgrade of a loop. The error is reactor.ErrClosed.
func upgradeOf(l *reactor.Loop) (*upgrade, error) {
	c, err := l.Local(upgradeKey{}, func() (io.Closer, error) { return new(upgrade), nil })
	if err != nil {
		return nil, err
	}
	return c.(*upgrade), nil
}

// Close runs when the loop is closed. It kills a new program that is not ready.
func (u *upgrade) Close() error {
	if u.child != nil {
		u.child.Terminate(0)
	}
	return nil
}

// begin follows the new program: its message, its exit, and the timeout.
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

// onReady lets the new program go on without this one.
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

// finish ends the upgrade and calls done. The fields are reset first, because done may begin
// another one.
func (u *upgrade) finish(pid int, err error) {
	u.timeout.Stop()
	done := u.done
	*u = upgrade{}
	done(pid, err)
}

// Upgraded tells the program that started this one by [Upgrade] that this one is ready. It returns
// false if this program was not started so. Errors are those of ipc.Parent and of sending.
//
// Must be called on the loop goroutine.
func Upgraded(l *reactor.Loop) (bool, error) {
	if os.Getenv(upgradeVariable) == "" {
		return false, nil
	}
	// Children of this program do not inherit it. Unsetenv only fails for invalid names.
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
