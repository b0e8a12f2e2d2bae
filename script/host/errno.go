package host

import (
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/script/dotenv"
	"github.com/brood-go/brood/script/engine"
)

// errnoTexts are Node's texts for errors of the system, which differ from the system's own.
var errnoTexts = sync.OnceValue(func() map[syscall.Errno]string {
	return map[syscall.Errno]string{
		unix.E2BIG:           "argument list too long",
		unix.EACCES:          "permission denied",
		unix.EADDRINUSE:      "address already in use",
		unix.EADDRNOTAVAIL:   "address not available",
		unix.EAFNOSUPPORT:    "address family not supported",
		unix.EAGAIN:          "resource temporarily unavailable",
		unix.EALREADY:        "connection already in progress",
		unix.EBADF:           "bad file descriptor",
		unix.EBUSY:           "resource busy or locked",
		unix.ECANCELED:       "operation canceled",
		unix.ECONNABORTED:    "software caused connection abort",
		unix.ECONNREFUSED:    "connection refused",
		unix.ECONNRESET:      "connection reset by peer",
		unix.EDESTADDRREQ:    "destination address required",
		unix.EEXIST:          "file already exists",
		unix.EFAULT:          "bad address in system call argument",
		unix.EFBIG:           "file too large",
		unix.EHOSTUNREACH:    "host is unreachable",
		unix.EINTR:           "interrupted system call",
		unix.EINVAL:          "invalid argument",
		unix.EIO:             "i/o error",
		unix.EISCONN:         "socket is already connected",
		unix.EISDIR:          "illegal operation on a directory",
		unix.ELOOP:           "too many symbolic links encountered",
		unix.EMFILE:          "too many open files",
		unix.EMSGSIZE:        "message too long",
		unix.ENAMETOOLONG:    "name too long",
		unix.ENETDOWN:        "network is down",
		unix.ENETUNREACH:     "network is unreachable",
		unix.ENFILE:          "file table overflow",
		unix.ENOBUFS:         "no buffer space available",
		unix.ENODEV:          "no such device",
		unix.ENOENT:          "no such file or directory",
		unix.ENOMEM:          "not enough memory",
		unix.ENOPROTOOPT:     "protocol not available",
		unix.ENOSPC:          "no space left on device",
		unix.ENOSYS:          "function not implemented",
		unix.ENOTCONN:        "socket is not connected",
		unix.ENOTDIR:         "not a directory",
		unix.ENOTEMPTY:       "directory not empty",
		unix.ENOTSOCK:        "socket operation on non-socket",
		unix.ENOTSUP:         "operation not supported on socket",
		unix.EOVERFLOW:       "value too large for defined data type",
		unix.EPERM:           "operation not permitted",
		unix.EPIPE:           "broken pipe",
		unix.EPROTO:          "protocol error",
		unix.EPROTONOSUPPORT: "protocol not supported",
		unix.EPROTOTYPE:      "protocol wrong type for socket",
		unix.ERANGE:          "result too large",
		unix.EROFS:           "read-only file system",
		unix.ESHUTDOWN:       "cannot send after transport endpoint shutdown",
		unix.ESPIPE:          "invalid seek",
		unix.ESRCH:           "no such process",
		unix.ETIMEDOUT:       "connection timed out",
		unix.ETXTBSY:         "text file is busy",
		unix.EXDEV:           "cross-device link not permitted",
		unix.ENXIO:           "no such device or address",
		unix.EMLINK:          "too many links",
		unix.EHOSTDOWN:       "host is down",
		unix.ENOTTY:          "inappropriate ioctl for device",
		unix.EILSEQ:          "illegal byte sequence",
		unix.ESOCKTNOSUPPORT: "socket type not supported",
		unix.ENOEXEC:         "exec format error",
	}
})

// ownErrnos are Node's numbers for errors that are not the system's.
var ownErrnos = sync.OnceValue(func() map[int64][2]string {
	return map[int64][2]string{
		-3000: {"EAI_ADDRFAMILY", "address family not supported"},
		-3001: {"EAI_AGAIN", "temporary failure"},
		-3002: {"EAI_BADFLAGS", "bad ai_flags value"},
		-3013: {"EAI_BADHINTS", "invalid value for hints"},
		-3003: {"EAI_CANCELED", "request canceled"},
		-3004: {"EAI_FAIL", "permanent failure"},
		-3005: {"EAI_FAMILY", "ai_family not supported"},
		-3006: {"EAI_MEMORY", "out of memory"},
		-3007: {"EAI_NODATA", "no address"},
		-3008: {"EAI_NONAME", "unknown node or service"},
		-3009: {"EAI_OVERFLOW", "argument buffer overflow"},
		-3014: {"EAI_PROTOCOL", "resolved protocol is unknown"},
		-3010: {"EAI_SERVICE", "service not available for socket type"},
		-3011: {"EAI_SOCKTYPE", "socket type not supported"},
		-4080: {"ECHARSET", "invalid Unicode character"},
		-4094: {"UNKNOWN", "unknown error"},
		-4095: {"EOF", "end of file"},
		-4028: {"EFTYPE", "inappropriate file type or format"},
	}
})

// errnoText returns Node's text for an error of the system.
func errnoText(errno syscall.Errno) string {
	if text, ok := errnoTexts()[errno]; ok {
		return text
	}
	return errno.Error()
}

// errnoEntry returns the name and the text of a negative error number.
func errnoEntry(n int64) (name, text string, ok bool) {
	if own, ok := ownErrnos()[n]; ok {
		return own[0], own[1], true
	}
	errno := syscall.Errno(-n)
	text, ok = errnoTexts()[errno]
	return unix.ErrnoName(errno), text, ok
}

// bindErrno gives the library the names and texts of errors, and the parser of .env files.
func bindErrno(b *builder) {
	b.fn("entry", func(c *engine.Call) (engine.Value, error) {
		name, text, ok := errnoEntry(c.Arg(0).Int())
		if !ok {
			return c.Undefined(), nil
		}
		return c.Array(c.String(name), c.String(text)), nil
	})
	b.fn("all", func(c *engine.Call) (engine.Value, error) {
		numbers := make([]int64, 0, len(errnoTexts())+len(ownErrnos()))
		for errno := range errnoTexts() {
			numbers = append(numbers, -int64(errno))
		}
		for n := range ownErrnos() {
			numbers = append(numbers, n)
		}
		slices.Sort(numbers)
		all := make([]engine.Value, len(numbers))
		for i, n := range numbers {
			name, text, _ := errnoEntry(n)
			all[i] = c.Array(c.Int(n), c.Array(c.String(name), c.String(text)))
		}
		return c.Array(all...), nil
	})
	b.fn("parseEnv", func(c *engine.Call) (engine.Value, error) {
		object := c.Object()
		for _, v := range dotenv.Parse(c.Arg(0).Text()) {
			if err := object.Set(v.Name, c.String(v.Value)); err != nil {
				return object, err
			}
		}
		return object, nil
	})
}
