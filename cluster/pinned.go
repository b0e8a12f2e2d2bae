package cluster

import (
	"net"
	"net/netip"
	"path/filepath"
	"strconv"

	"github.com/brood-go/brood/reactor"
)

// Listen listens before there is a worker, and whatever becomes of the workers: connections wait in
// the kernel's backlog, and nobody is refused. Workers that listen on the same address share it;
// their first server on it, that is, since a second one of a worker is another listener, and gets
// EADDRINUSE. It is open until Disconnect or the end of the loop.
//
// The network is "tcp" with an address like ":8080", "127.0.0.1:0" or "[::1]:8080", or "unix" with
// an absolute path. Nothing is looked up: a host is "" or an IP address, as the workers have it.
// For port 0 the workers ask for port 0 too.
//
// Listen returns the address, with the port that it has got. Errors are *[OptionError] and
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
	return addrOf(l.socket), nil
}

// addressQuery is what a worker would ask for.
func addressQuery(network, address string) (q query, err error) {
	q = query{socket: -1, port: -1}
	if network == "unix" {
		if err := q.setPath(address); err != nil {
			return q, &OptionError{"address", "is no absolute path"}
		}
		q.path = filepath.Clean(address) // As workers ask for it.
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
	typ := "4" // Node calls it so when it is all addresses.
	if q.all = host == ""; !q.all {
		if q.ip, err = netip.ParseAddr(host); err != nil {
			return q, &OptionError{"address", "has no IP address"}
		}
		host = q.ip.String() // As Go's workers ask for it, and Node's that do not spell it out.
		if q.ip.Is6() {
			typ = "6"
		}
	}
	q.key = keyOf(host, q.port, typ, -1, 0)
	return q, nil
}
