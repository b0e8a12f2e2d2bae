package childprocess

import (
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// channelMaker makes the parent's ends of channels. [IPC] alone refers to the one there is, and
// nothing else in this package makes a channel: so the linker leaves out what ipc consists of, the
// codecs of two formats above all, in a program that names neither IPC nor [Fork].
type channelMaker struct {
	// open takes ownership of fd, also on an error.
	open func(l *reactor.Loop, fd int, o *Options) (*ipc.Channel, error)

	// closed is for a child that could not get descriptors.
	closed func(l *reactor.Loop) (*ipc.Channel, error)
}

var channels = channelMaker{
	open: func(l *reactor.Loop, fd int, o *Options) (*ipc.Channel, error) {
		return ipc.New(l, fd, &ipc.Options{Serialization: o.Serialization, MaxMessage: o.MaxMessage, MaxQueue: o.MaxQueue})
	},
	closed: ipc.NewClosed,
}

// channel makes the parent's end of the channel, nil if there is none. The descriptor is the
// channel's afterwards, also on an error.
func (a *layout) channel(l *reactor.Loop, o *Options) (*ipc.Channel, error) {
	if a.ipc < 0 {
		return nil, nil
	}
	fd := a.parent[a.ipc]
	a.parent[a.ipc] = -1
	return a.stdio[a.ipc].channel.open(l, fd, o)
}
