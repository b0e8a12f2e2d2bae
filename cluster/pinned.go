package cluster

import (
	"net"
	"net/netip"
	"path/filepath"
	"strconv"

	"github.com/brood-go/brood/reactor"
)

// Listen opens a listener that needs no worker: it stays open until Disconnect, Kill or the close
// of the loop, whatever happens to the workers. Without a worker connections wait in the kernel's
// backlog. A worker that listens on the same address shares the listener with its first server
// there. Its second server on that address needs a listener of its own and fails with EADDRINUSE.
//
// The network is "tcp" with an address like ":8080", "127.0.0.1:0" or "[::1]:8080", or "unix" with
// an absolute path. A host is "" or an IP address, because no name is looked up. If the port is 0,
// workers share the listener by asking for port 0.
//
// Listen returns the address with the actual port. The error is an *[OptionError] or
// *[ListenError].
func (c *Cluster) Listen(network, address string) (net.Addr, error) {
	switch c.state {
	case stateOpen:
	case stateClosed:
		return nil, &ListenError{"listen", address, reactor.ErrClosed}
	default:
		return nil, &ListenError{"listen", address, ErrDisconnecting}
	}
	q, err := addressQuery(network, address)
	if err != nil {
		return nil, err
	}
	l := c.listeners[q.key]
	if l == nil {
		if l, err = c.openListener(&q); err != nil {
			return nil, &ListenError{"listen", address, err}
		}
	}
	l.pinned = true
	c.removeOrphan(l)
	return addrOf(l.socket), nil
}

// addressQuery returns the query of a worker that listens on the address.
func addressQuery(network, address string) (q query, err error) {
	q = query{socket: -1, port: -1}
	if network == "unix" {
		if err := q.setPath(address); err != nil {
			return q, &OptionError{"address", "is no absolute path"}
		}
		q.path = filepath.Clean(address) // Workers ask with a clean path.
		q.key = keyOf(q.path, -1, typeUnix, -1, 0)
		return q, nil
	}
	host, port, err := net.SplitHostPort(address)
	if network != "tcp" || err != nil {
		return q, &OptionError{"address", "is neither tcp HOST:PORT nor a unix path"}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return q, &OptionError{"address", "has no port"}
	}
	q.port = int(n)
	typ := "4" // The addressType of Node for all addresses.
	if q.all = host == ""; !q.all {
		if q.ip, err = netip.ParseAddr(host); err != nil {
			return q, &OptionError{"address", "has no IP address"}
		}
		// The form that Go workers send, and Node workers unless they write the address out.
		host = q.ip.String()
		if q.ip.Is6() {
			typ = "6"
		}
	}
	q.key = keyOf(host, q.port, typ, -1, 0)
	return q, nil
}
