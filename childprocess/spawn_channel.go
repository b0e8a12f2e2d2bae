package childprocess

import (
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// channelMaker makes the parent's ends of channels. Only [IPC] refers to the one instance, and
// nothing else in this package makes a channel. So the linker drops most of package ipc, above all
// its two codecs, from a program that uses neither IPC nor [Fork].
type channelMaker struct {
	// open takes ownership of fd, also on an error.
	open func(l *reactor.Loop, fd int, o *Options) (*ipc.Channel, error)

	// closed makes the channel of a child that could not get descriptors.
	closed func(l *reactor.Loop) (*ipc.Channel, error)
}

// channels must not be changed.
var channels = channelMaker{
	open: func(l *reactor.Loop, fd int, o *Options) (*ipc.Channel, error) {
		return ipc.New(l, fd, &ipc.Options{Serialization: o.Serialization, MaxMessage: o.MaxMessage, MaxQueue: o.MaxQueue})
	},
	closed: ipc.NewClosed,
}

// channel opens the parent's end of the channel; nil without an IPC slot. It takes the descriptor
// out of a, and the channel owns it, also on an error.
func (a *layout) channel(l *reactor.Loop, o *Options) (*ipc.Channel, error) {
	if a.ipc < 0 {
		return nil, nil
	}
	fd := a.parent[a.ipc]
	a.parent[a.ipc] = -1
	return a.stdio[a.ipc].channel.open(l, fd, o)
}
