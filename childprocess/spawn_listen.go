package childprocess

import (
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// A ListenFD is one socket for the child's socket activation, see Options.ListenFDs.
type ListenFD struct {
	// Name is the child's name for the socket: at most 255 bytes of printable ASCII without ":".
	// "": "unknown".
	Name string

	// Socket is the socket: a *net.TCPListener, *net.UnixListener, *net.UDPConn or *os.File, for
	// example. It is borrowed, and may be closed when the child was started. Its blocking mode is
	// not changed; Go's sockets are non-blocking.
	Socket syscall.Conn
}

// maxListenName is systemd's limit, in bytes.
const maxListenName = 255

// withListenFDs returns o, or if it has ListenFDs a copy of it with a slot for each.
func (o *Options) withListenFDs(op string) (*Options, error) {
	if len(o.ListenFDs) == 0 {
		return o, nil
	}
	bad := func(name, reason string) (*Options, error) { return o, &ArgumentError{op, name, reason} }
	with := *o
	with.Stdio = make([]Stdio, standardSlots, standardSlots+len(o.ListenFDs)+1)
	copy(with.Stdio, o.Stdio)
	for i, l := range o.ListenFDs {
		name := "ListenFDs[" + strconv.Itoa(i) + "]"
		switch {
		case len(l.Name) > maxListenName:
			return bad(name, "has a name that is too long")
		case strings.ContainsFunc(l.Name, func(c rune) bool { return c < ' ' || c > '~' || c == ':' }):
			return bad(name, "has a name with a character that none can have")
		case l.Socket == nil || isNilPointer(l.Socket):
			return bad(name, "has no socket")
		}
		with.Stdio = append(with.Stdio, Stdio{form: formSocket, socket: l.Socket})
	}
	channels := 0
	for i, s := range o.Stdio {
		if s.form == formIPC {
			channels++
		}
		switch {
		case channels > 1:
			// The copy would name another slot in the error.
			return bad("Stdio["+strconv.Itoa(i)+"]", secondIPC)
		case i < standardSlots || s.form == formDefault:
		case s.form == formIPC:
			with.Stdio = append(with.Stdio, s)
		default:
			return bad("Stdio["+strconv.Itoa(i)+"]", "is given, beside ListenFDs")
		}
	}
	return &with, nil
}

// withListenNames returns a copy of env with LISTEN_FDS and LISTEN_FDNAMES for the ListenFDs, and
// without other entries of listenVariables. LISTEN_PID is set by the child.
func (o *Options) withListenNames(env []string) []string {
	var names []string
	for _, l := range o.ListenFDs {
		name := l.Name
		if name == "" {
			name = "unknown"
		}
		names = append(names, name)
	}
	return append(without(slices.Clone(env), listenVariables...),
		listenFDs+"="+strconv.Itoa(len(names)), listenNames+"="+strings.Join(names, ":"))
}
