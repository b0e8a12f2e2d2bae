package cluster

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/ipc"
)

// A query is a request to listen, of a worker or of Cluster.Listen. Exactly one of all, ip, path
// and socket says where.
type query struct {
	key     string     // see keyOf
	all     bool       // all addresses
	ip      netip.Addr // zero: none
	path    string     // absolute path of an AF_UNIX socket; "": none
	socket  int        // descriptor of this program; -1: none
	port    int        // -1: a path
	udp     string     // "udp4" or "udp6"; "": a stream
	flags   int        // libuv's, such as flagIPv6Only
	backlog int        // 0: as many as the system allows

	readableAll, writableAll bool // for path, see permit
}

// addressTypes are all values of addressType; "" is that of a descriptor.
var addressTypes = []string{"4", "6", typeUnix, typeUDP4, typeUDP6, ""}

// typeName returns an addressType in the form that keys have.
func typeName(v any) string {
	if n, ok := v.(string); ok {
		return n
	}
	if n, ok := integer(v); ok {
		return strconv.Itoa(n)
	}
	return ""
}

// keyOf returns the key by which workers share a listener.
func keyOf(address string, port int, typ string, socket, index int) string {
	return fmt.Sprintf("%s:%d:%s:%d:%d", address, port, typ, socket, index)
}

// parseQuery reads a query. The worker may have sent anything, so every field is checked.
func parseQuery(in *inbound) (query, error) {
	typ := typeName(in.AddressType)
	address := text(in.Address)
	q := query{
		socket: integerOr(in.FD, -1), port: integerOr(in.Port, 0), flags: integerOr(in.Flags, 0),
		backlog:     min(max(integerOr(in.Backlog, 0), 0), maxBacklog),
		readableAll: isTrue(in.ReadableAll), writableAll: isTrue(in.WritableAll),
	}
	index, ok := integer(in.Index)
	if !ok || index < 0 || q.port < -1 || q.port > 65535 {
		return q, unix.EINVAL
	}
	if len(address) > maxAddress {
		return q, unix.ENAMETOOLONG
	}
	if !slices.Contains(addressTypes, typ) {
		return q, unix.EINVAL
	}
	q.key = keyOf(address, q.port, typ, q.socket, index)
	if typ == typeUDP4 || typ == typeUDP6 {
		q.udp = typ
	}
	switch {
	case q.udp != "" && q.port < 0:
		return q, unix.EINVAL
	case q.socket >= 0:
		return q, nil
	case q.port < 0:
		return q, q.setPath(address)
	case address == "":
		q.all = true
		return q, nil
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return q, unix.EINVAL // The worker looks names up before it asks.
	}
	q.ip = ip
	return q, nil
}

// setPath sets the path of an AF_UNIX socket. It must be absolute, because the worker may have
// another working directory.
func (q *query) setPath(path string) error {
	if !strings.HasPrefix(path, "/") || strings.IndexByte(path, 0) >= 0 {
		return unix.EINVAL // This includes the names without a file (unix(7), abstract).
	}
	q.path = path
	return nil
}

// onQuery answers a worker that wants to listen.
func (w *Worker) onQuery(m *ipc.Message, in *inbound) {
	seq, ok := integer(in.Seq)
	if !ok || w.exitedAfterDisconnect {
		return
	}
	if w.cluster.state != stateOpen { // The worker will be told to disconnect.
		return
	}
	answer := queryReply{head: w.head(""), Ack: seq}
	l, err := w.listenerFor(m, in, &answer)
	if err == nil {
		answer.Data, answer.Sockname = l.data, l.sockname
		var handle any
		if l.shared {
			answer.Errno, handle = 0, ipc.Native(l.socket)
		}
		if err = w.reply(answer, handle); err == nil {
			l.distribute()
			return
		}
		w.closeServer(answer.Key) // There is no descriptor for the duplicate, for example.
	}
	answer.Errno, answer.Data, answer.Sockname = errnoOf(err), nil, nil
	if err := w.reply(answer, nil); err != nil && err != ErrFlood {
		w.cluster.report(&WorkerError{w, err})
	}
}

// listenerFor returns the listener that a worker asks for, and gives the worker a share of it.
func (w *Worker) listenerFor(m *ipc.Message, in *inbound, answer *queryReply) (*listener, error) {
	if raw := m.Raw(); raw == nil || len(raw) > maxQuery {
		return nil, unix.E2BIG
	}
	q, err := parseQuery(in)
	if err != nil {
		return nil, err
	}
	answer.Key = q.key
	l, err := w.shareListener(&q, in.Data)
	if q.path != "" && errors.Is(err, unix.ENOENT) {
		// Node programs expect EACCES here (libuv v1.46, src/unix/pipe.c, uv_pipe_bind).
		err = unix.EACCES
	}
	return l, err
}

// shareListener gives w a share of the listener that q asks for. It opens the listener if there is
// none.
func (w *Worker) shareListener(q *query, data any) (*listener, error) {
	c := w.cluster
	if w.shares[q.key] != nil {
		return nil, unix.EADDRINUSE // A second reply with that key would crash a Node worker.
	}
	if len(w.shares) >= c.o.MaxListeners {
		return nil, unix.EMFILE
	}
	l := c.listeners[q.key]
	if l == nil {
		var err error
		if l, err = c.openListener(q); err != nil {
			return nil, err
		}
	}
	if l.data == nil && !isZero(data) {
		l.data = data
	}
	l.addShare(w)
	return l, nil
}

// isZero reports whether data is a value that JavaScript takes as false.
func isZero(data any) bool {
	return data == nil || data == "" || data == false || data == 0 || data == 0.0
}

func (c *Cluster) openListener(q *query) (*listener, error) {
	if q.socket >= 0 && !slices.Contains(c.o.FDs, q.socket) {
		return nil, unix.EBADF
	}
	socket, path, err := q.open()
	if err != nil {
		return nil, err
	}
	l := &listener{cluster: c, key: q.key, socket: socket, path: path, shared: c.o.Sched == Shared || q.udp != ""}
	if path != "" {
		l.fileInfo, _ = os.Lstat(path) // If it is gone already, there is nothing to remove.
	}
	if !l.shared {
		l.sockname = socknameOf(socket)
		if err := l.watch(); err != nil {
			l.unlink()
			fd.Close(socket)
			return nil, err
		}
	}
	c.listeners[q.key] = l
	return l, nil
}

// errnoOf returns the negative errno that libuv has for err, EINVAL if err has none.
func errnoOf(err error) int {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return -int(errno)
	}
	return -int(unix.EINVAL)
}

// socknameOf returns the address of a TCP socket in Node's form, nil for another socket.
func socknameOf(socket int) *sockname {
	a, err := unix.Getsockname(socket)
	if err != nil {
		return nil
	}
	name := &sockname{Family: "IPv4"}
	switch a.(type) {
	case *unix.SockaddrInet4:
	case *unix.SockaddrInet6:
		name.Family = "IPv6"
	default:
		return nil
	}
	address := addrPort(a)
	name.Address, name.Port = address.Addr().String(), int(address.Port())
	return name
}
