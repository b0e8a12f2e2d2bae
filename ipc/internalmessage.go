package ipc

import (
	"errors"

	"github.com/brood-go/brood/internal/fd"
)

// This file takes Node's internal messages out of the inbox: handles, their answers, and messages
// for OnInternal. It runs on ticks of the loop. A received descriptor is owned by the function that
// has it as right, until a Handle owns it.

// maxNesting is the number of NODE_HANDLE frames that may be around each other. Node wraps a frame
// that it sends again once.
const maxNesting = 8

var errNesting = errors.New("handle wrapped too often")

// receiveInternal takes one of Node's internal messages: a handle, the answer to one, or a message
// for OnInternal. The message expires with that.
func (c *Channel) receiveInternal(in inbound) {
	defer in.message.expire(c.hub.poison)
	switch cmd := in.special.cmd; {
	case cmd == cmdHandle:
		c.receiveHandle(in.message, in.special.fd)
	case cmd == cmdAck:
		c.receiveAck(true)
	case cmd == cmdNack:
		c.receiveAck(false)
	default:
		c.emitInternal(in.message, cmd)
	}
}

// receiveHandle acknowledges a handle and delivers its message; with right < 0 the descriptor is
// missing, and it sends a NACK. It acknowledges a wrapped frame only once, because Node does not
// survive an acknowledgement that it does not wait for. It takes ownership of right.
func (c *Channel) receiveHandle(m *Message, right int) {
	if right < 0 {
		c.reply(c.format.nack())
		return
	}
	if c.state == stateShut || c.state == stateClosed && !c.in.eof {
		// The sender cannot get an answer, so it keeps the handle, which must not be used in two
		// processes.
		fd.Close(right)
		return
	}
	c.reply(c.format.ack())
	inner, cmd, err := c.unwrapHandle(m, right)
	switch {
	case err != nil:
		c.emitError(badMessage(m.raw, err))
	case cmd != "":
		defer inner.expire(c.hub.poison)
		c.emitInternal(inner, cmd)
	default:
		c.deliver(inner)
	}
}

// unwrapHandle returns the message inside m with its handle, and the message's cmd if it is an
// internal one. It takes ownership of right.
func (c *Channel) unwrapHandle(m *Message, right int) (inner *Message, cmd string, err error) {
	for range maxNesting {
		inner, err = c.format.inner(m, "msg")
		if err == nil {
			cmd, err = c.format.inspect(inner)
		}
		if err == nil && cmd != cmdHandle {
			inner.handle, err = c.handleOf(m, right)
			return inner, cmd, err
		}
		if err != nil {
			fd.Close(right)
			return nil, "", err
		}
		m = inner
	}
	fd.Close(right)
	return nil, "", errNesting
}

// handleOf makes the Handle that the frame m describes. It takes ownership of right.
func (c *Channel) handleOf(m *Message, right int) (*Handle, error) {
	typ, _ := c.format.member(m, "type")
	dgramType, _ := c.format.member(m, "dgramType")
	key, _ := c.format.member(m, "key")
	return c.newHandle(typ, dgramType, key, right)
}
