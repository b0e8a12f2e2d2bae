package host

import (
	"errors"
	"math"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/script/engine"
)

// spawnSync runs a child and waits for it. The options are those of spawn, and timeout, killSignal,
// maxBuffer, and an input in the first element of stdio. It returns {pid, status, signal, output,
// error} as Node does, but error is a negative number.
func (h *Host) spawnSync(c *engine.Call) (engine.Value, error) {
	base, file, args, err := spawnOptions(c.Arg(0))
	if err != nil {
		return c.Undefined(), err
	}
	// Packages set the option for all their children; without a channel it has no effect.
	base.Serialization = ipc.JSON
	base.Context = h.interrupted // Host.Interrupt does not wait for the child.
	o := &childprocess.SyncOptions{Options: *base, MaxBuffer: -1}
	f := &fields{v: c.Arg(0)}
	if timeout := f.get("timeout").Float(); timeout > 0 {
		o.Timeout = time.Duration(timeout * float64(time.Millisecond))
	}
	o.KillSignal = syscall.Signal(f.get("killSignal").Int())
	if most := f.get("maxBuffer").Float(); most > 0 && most < math.MaxInt32 {
		o.MaxBuffer = int(most)
	}
	first, err := f.get("stdio").Index(0)
	if err = errors.Join(f.err, err); err != nil {
		return c.Undefined(), err
	}
	if input, err := first.Get("input"); err == nil {
		bytes, _ := input.Bytes()
		// Copied: the script does not run meanwhile, but its memory may be freed.
		o.Input = append([]byte(nil), bytes...)
	}
	r := childprocess.SpawnSync(file, args, o)
	for r.Err != nil && asExecvp(r.Err, &file, &args, &o.Options) {
		r = childprocess.SpawnSync(file, args, o)
	}
	return syncResult(c, r)
}

// syncResult makes the result object of spawnSync.
func syncResult(c *engine.Call, r *childprocess.SyncResult) (engine.Value, error) {
	result := c.Object()
	status, signal, output := c.Null(), c.Null(), c.Null()
	if r.Output != nil {
		all := make([]engine.Value, len(r.Output))
		for i, b := range r.Output {
			if all[i] = c.Null(); b != nil {
				all[i] = c.Uint8Array(b)
			}
		}
		output = c.Array(all...)
		if r.Status.Signal != 0 {
			signal = c.String(unix.SignalName(r.Status.Signal))
		} else {
			status = c.Int(int64(r.Status.Code))
		}
	}
	var err error
	if errno := syncErrno(r.Err); errno != 0 {
		// A printed result has its properties in this order.
		err = result.Set("error", c.Int(-int64(errno)))
	}
	return result, errors.Join(err, result.Set("status", status), result.Set("signal", signal),
		result.Set("output", output),
		result.Set("pid", c.Int(int64(r.Pid))))
}

// syncErrno returns the errno with which Node reports a failure, 0 for none.
func syncErrno(err error) syscall.Errno {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, childprocess.ErrTimeout):
		return syscall.ETIMEDOUT
	case errors.Is(err, childprocess.ErrMaxBuffer):
		return syscall.ENOBUFS
	}
	return startErrno(err)
}
