package host

import (
	"slices"

	"github.com/brood-go/brood/script/engine"
)

// resource is an open thing that process.getActiveResourcesInfo lists. resourceName returns Node's
// name of it, empty if it does not keep the loop running.
type resource interface{ resourceName() string }

func (t *stream) resourceName() string {
	if t.unrefed {
		return ""
	}
	return wrapOf(t.fd(), "TCPSocketWrap")
}

func (x *listener) resourceName() string {
	if x.unrefed {
		return ""
	}
	return wrapOf(x.l.FD(), "TCPServerWrap")
}

func (x *attempt) resourceName() string { return "TCPConnectWrap" }

func (u *udp) resourceName() string {
	if u.unrefed || !u.receives {
		return ""
	}
	return "UDPWrap"
}

func (x *child) resourceName() string {
	if x.unrefed {
		return ""
	}
	return "ProcessWrap"
}

func (x *channel) resourceName() string {
	if !x.refed && x.sending == 0 {
		return ""
	}
	return "PipeWrap"
}

func (f *fileWatch) resourceName() string {
	if f.release == nil {
		return ""
	}
	return "FSEventWrap"
}

// wrapOf returns Node's name of a stream with descriptor fd. tcp is the name to use for a socket of
// the network.
func wrapOf(fd int, tcp string) string {
	switch kindOf(fd) {
	case "TCP":
		return tcp
	case "TTY":
		return "TTYWrap"
	}
	return "PipeWrap"
}

// activeResources returns the names of the things that keep the loop running, besides timers and
// immediates: requests, then handles.
func (h *Host) activeResources(c *engine.Call) (engine.Value, error) {
	names := slices.Repeat([]string{"FSReqCallback"}, h.offload.unfinished)
	handles := []string{}
	for x := range h.closers {
		if r, ok := x.(resource); ok && r.resourceName() != "" {
			handles = append(handles, r.resourceName())
		}
	}
	slices.Sort(handles)
	return stringArray(c.Scope, append(names, handles...)), nil
}
