package childprocess

import "context"

// Wait waits for close and returns how the child ended. The error is the *[SpawnError] when the
// program could not be started, [ErrStatusLost] when its status was lost, the context's cause when
// ctx ends first, and [reactor.ErrClosed] when the loop was closed before close came; the status is
// then known if the exit had come.
//
// Safe to call from any goroutine. Must not be called on the loop goroutine: it would wait for
// itself. In a callback of the loop it panics, until all callbacks of close have returned.
func (c *ChildProcess) Wait(ctx context.Context) (ExitStatus, error) {
	select {
	case <-c.done:
		return c.status, c.waitErr
	default:
	}
	c.loop.MustNotWait("childprocess: Wait")
	select {
	case <-c.done:
		return c.status, c.waitErr
	case <-ctx.Done():
		return running(), context.Cause(ctx)
	}
}
