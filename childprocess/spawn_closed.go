package childprocess

import (
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/streams"
)

// enterClosed makes a child one of the loop's for which there are no descriptors. Its user does not know that yet, and
// listens to streams: those that were asked for exist, and are closed. Their events come behind the error event.
func (c *ChildProcess) enterClosed(o *Options) error {
	c.family.join(c)
	c.announce()
	if err := c.adoptClosed(o); err != nil {
		c.family.leave(c)
		return err
	}
	return nil
}

// adoptClosed is adopt for a child without descriptors.
func (c *ChildProcess) adoptClosed(o *Options) (err error) {
	asked := layout{stdio: o.Stdio}
	var channel *ipc.Channel
	stdio := make([]StdioStream, max(len(o.Stdio), standardSlots))
	for n := range stdio {
		i := (n + 1) % len(stdio) // Of stdin, which close does not wait for, last: it then closes first.
		s := asked.slot(i)
		switch {
		case s.form == formIPC:
			channel, err = ipc.NewClosed(c.loop)
		case s.isPipe(i):
			stdio[i], err = c.closedStream(i)
		}
		if err != nil {
			return err
		}
	}
	c.connect(channel, stdio)
	return nil
}

// closedStream returns what slot i would have had.
func (c *ChildProcess) closedStream(i int) (s StdioStream, err error) {
	if i != 0 {
		s.Readable, err = streams.NewClosedReadable(c.loop, c.failed)
	}
	if err == nil && (i == 0 || i >= standardSlots) {
		s.Writable, err = streams.NewClosedWritable(c.loop, c.failed)
	}
	return s, err
}
