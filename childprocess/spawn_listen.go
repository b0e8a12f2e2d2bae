package childprocess

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// A ListenFD is what a child is passed as by a service manager, see Options.ListenFDs.
type ListenFD struct {
	// Name is what the child knows it by, of at most 255 printable ASCII characters other than ":".
	// "": "unknown".
	Name string

	// Socket is what is passed, a *net.TCPListener, a *net.UnixListener, a *net.UDPConn or an
	// *os.File, say. It is borrowed, and may be closed once the child was started. Its mode stays:
	// that of Go's sockets is non-blocking.
	Socket syscall.Conn
}

// maxListenName is systemd's, in bytes.
const maxListenName = 255

// withListenFDs returns o with slots for its ListenFDs, if there are any: a copy then.
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
		v := reflect.ValueOf(l.Socket)
		switch {
		case len(l.Name) > maxListenName:
			return bad(name, "has a name that is too long")
		case strings.ContainsFunc(l.Name, func(c rune) bool { return c < ' ' || c > '~' || c == ':' }):
			return bad(name, "has a name with a character that none can have")
		case !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil():
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
			// Its number is another one in the copy.
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

// withListenNames returns env with the variables that tell of the ListenFDs, but for LISTEN_PID,
// and no others of their names.
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
