package childprocess

import (
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/streams"
)

// enterClosed makes a child one of the loop's for which there are no descriptors. Its user does not
// know that yet, and listens to streams: those that were asked for exist, and are closed. Their
// events come behind the error event.
func (c *ChildProcess) enterClosed(o *Options) error {
	c.siblings.add(c)
	c.announce()
	return c.adoptClosed(o, c.startErr)
}

// refuseLater is enterClosed for an Async child, of which nothing is known before the error event.
func (c *ChildProcess) refuseLater(o *Options) error {
	s := c.starting
	c.siblings.add(c)
	c.loop.NextTick(func() {
		c.siblings.setHold(s, false)
		c.takeStartResult()
		c.markRefused()
		c.reportExit(c.status)
	})
	return c.adoptClosed(o, s.startErr)
}

// adoptClosed is adopt for a child without descriptors. It fails only where the loop is closed.
func (c *ChildProcess) adoptClosed(o *Options, cause error) (err error) {
	asked := layout{stdio: o.Stdio}
	var channel *ipc.Channel
	stdio := make([]StdioStream, max(len(o.Stdio), standardSlots))
	for n := range stdio {
		// Of stdin, which close does not wait for, last: it then closes first.
		i := (n + 1) % len(stdio)
		s := asked.slot(i)
		switch {
		case s.form == formIPC:
			channel, err = s.channel.closed(c.loop)
		case s.isPipe(i):
			stdio[i], err = c.closedStream(i, cause)
		}
		if err != nil {
			return err
		}
	}
	terminal, err := c.closedTerminal(o, cause)
	if err != nil {
		return err
	}
	c.connect(channel, stdio, terminal)
	return nil
}

// closedStream returns what slot i would have had.
func (c *ChildProcess) closedStream(i int, cause error) (s StdioStream, err error) {
	if i != 0 {
		s.Readable, err = streams.NewClosedReadable(c.loop, cause)
	}
	if err == nil && (i == 0 || i >= standardSlots) {
		s.Writable, err = streams.NewClosedWritable(c.loop, cause)
	}
	return s, err
}
