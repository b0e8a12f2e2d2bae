package host

import (
	"slices"

	"github.com/brood-go/brood/script/engine"
)

// resource is something open of which process.getActiveResourcesInfo tells: resource returns Node's
// name of it, empty if it does not keep the loop running.
type resource interface{ resource() string }

func (t *stream) resource() string {
	if t.unrefed {
		return ""
	}
	return wrapOf(t.fd(), "TCPSocketWrap")
}

func (x *listener) resource() string {
	if x.unrefed {
		return ""
	}
	return wrapOf(x.l.FD(), "TCPServerWrap")
}

func (x *attempt) resource() string { return "TCPConnectWrap" }

func (u *udp) resource() string {
	if u.unrefed || !u.receives {
		return ""
	}
	return "UDPWrap"
}

func (x *child) resource() string {
	if x.unrefed {
		return ""
	}
	return "ProcessWrap"
}

func (x *channel) resource() string {
	if !x.refed && x.sending == 0 {
		return ""
	}
	return "PipeWrap"
}

func (f *fileWatch) resource() string {
	if f.release == nil {
		return ""
	}
	return "FSEventWrap"
}

// wrapOf returns the name of a stream with that descriptor; tcp is what one of the network is
// called.
func wrapOf(fd int, tcp string) string {
	switch kindOf(fd) {
	case "TCP":
		return tcp
	case "TTY":
		return "TTYWrap"
	}
	return "PipeWrap"
}

// active returns what keeps the loop running, besides timers and immediates: requests, then
// handles.
func (h *Host) active(c *engine.Call) (engine.Value, error) {
	names := slices.Repeat([]string{"FSReqCallback"}, h.offload.unfinished)
	handles := []string{}
	for x := range h.open {
		if r, ok := x.(resource); ok && r.resource() != "" {
			handles = append(handles, r.resource())
		}
	}
	slices.Sort(handles)
	return stringArray(c.Scope, append(names, handles...)), nil
}
