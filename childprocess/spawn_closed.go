package childprocess

import (
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/streams"
)

// enterClosed is the rest of enter for a child that could not get descriptors. Its user will add
// listeners before the error event, so the streams that the options ask for exist, and are closed.
// Their events come after the error event.
func (c *ChildProcess) enterClosed(o *Options) error {
	c.siblings.add(c)
	c.announce()
	return c.adoptClosed(o, c.startErr)
}

// refuseLater is enterClosed for an Async child, which is starting until the error event.
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

// adoptClosed is adopt for a child without descriptors. It fails only if the loop is closed.
func (c *ChildProcess) adoptClosed(o *Options, cause error) (err error) {
	asked := layout{stdio: o.Stdio}
	var channel *ipc.Channel
	stdio := make([]StdioStream, max(len(o.Stdio), standardSlots))
	for n := range stdio {
		// Stdin is made last, because the last function of QueueClosing runs first: so stdin closes
		// before the child, whose close does not wait for it.
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

// closedStream returns closed streams in place of those that slot i asks for.
func (c *ChildProcess) closedStream(i int, cause error) (s StdioStream, err error) {
	if i != 0 {
		s.Readable, err = streams.NewClosedReadable(c.loop, cause)
	}
	if err == nil && (i == 0 || i >= standardSlots) {
		s.Writable, err = streams.NewClosedWritable(c.loop, cause)
	}
	return s, err
}
