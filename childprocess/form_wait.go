package childprocess

import "context"

// Wait waits for close and returns how the child ended. The error is
//
//   - the *[SpawnError] if the program could not be started;
//   - [ErrStatusLost] if the status was lost;
//   - the cause of ctx if ctx ends first; the status is then Running;
//   - [reactor.ErrClosed] if the loop was closed before close; the status is known if exit had
//     come.
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
