package host

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/signals"
)

// version is this library's version in process.versions.
const version = "0.1.0"

// abortGrace is the time that the signal of process.abort gets to end the process.
const abortGrace = time.Second

// bindProcess gives the library the properties of this process, and system calls about processes.
func bindProcess(b *builder) {
	h, s := b.h, b.s
	b.value("version", s.String(version))
	b.value("arch", s.String(architecture()))
	b.value("platform", s.String(runtime.GOOS))
	b.value("pid", s.Int(int64(os.Getpid())))
	b.fn("ppid", numberFunc(os.Getppid))
	b.fn("getuid", numberFunc(os.Getuid))
	b.fn("geteuid", numberFunc(os.Geteuid))
	b.fn("getgid", numberFunc(os.Getgid))
	b.fn("getegid", numberFunc(os.Getegid))
	b.fn("getgroups", func(c *engine.Call) (engine.Value, error) {
		groups, err := os.Getgroups()
		all := []engine.Value{}
		seen := false
		for _, g := range groups {
			seen = seen || g == os.Getegid()
			all = append(all, c.Int(int64(g)))
		}
		if !seen {
			all = append(all, c.Int(int64(os.Getegid())))
		}
		return c.Array(all...), err
	})
	b.fn("cwd", func(c *engine.Call) (engine.Value, error) {
		dir, err := unix.Getwd()
		if err != nil {
			return c.Undefined(), &systemError{errno: err.(syscall.Errno), syscall: "uv_cwd"}
		}
		return c.String(dir), nil
	})
	b.fn("chdir", func(c *engine.Call) (engine.Value, error) {
		return c.Undefined(), changeDirectory(outsideText(c.Arg(0)))
	})
	b.fn("umask", func(c *engine.Call) (engine.Value, error) {
		mask := unix.Umask(0o777 & int(c.Arg(0).Int()))
		if c.Arg(0).IsUndefined() {
			unix.Umask(mask)
		}
		return c.Int(int64(mask)), nil
	})
	b.fn("environ", func(c *engine.Call) (engine.Value, error) {
		object := c.Object()
		for _, variable := range os.Environ() {
			if name, value, ok := strings.Cut(variable, "="); ok && name != "" {
				if err := object.Set(name, c.String(value)); err != nil {
					return object, err
				}
			}
		}
		return object, nil
	})
	began := time.Now()
	b.fn("uptime", func(c *engine.Call) (engine.Value, error) { return c.Float(time.Since(began).Seconds()), nil })
	b.fn("hrtime", func(c *engine.Call) (engine.Value, error) {
		var ts unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
			return c.Undefined(), err
		}
		return c.BigInt(ts.Nano()), nil
	})
	b.fn("abort", func(c *engine.Call) (engine.Value, error) {
		h.flushChannels()
		// Best effort: where the default cannot be restored, as on systems other than Linux, Go's
		// runtime prints a report and exits.
		_ = signals.Default(unix.SIGABRT)
		_ = signalSelf(unix.SIGABRT) // Best effort: the signal may be blocked.
		time.Sleep(abortGrace)
		os.Exit(128 + int(unix.SIGABRT))
		return c.Undefined(), nil
	})
	b.fn("kill", func(c *engine.Call) (engine.Value, error) {
		pid, number := int(c.Arg(0).Int()), syscall.Signal(c.Arg(1).Int())
		var err error
		if pid == os.Getpid() {
			h.flushChannels() // The signal may end the process.
			err = signalSelf(number)
		} else {
			err = unix.Kill(pid, number)
		}
		if errno, ok := err.(syscall.Errno); ok {
			return c.Int(-int64(errno)), nil
		}
		return c.Int(0), err
	})
	b.fn("rss", func(c *engine.Call) (engine.Value, error) { return c.Float(residentSize()), nil })
	b.fn("memoryUsage", func(c *engine.Call) (engine.Value, error) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return numberObject(c.Scope, "rss", residentSize(), "heapTotal", float64(m.HeapSys), "heapUsed",
			float64(h.engine.Memory()),
			"external", 0.0, "arrayBuffers", 0.0)
	})
	b.fn("cpuUsage", func(c *engine.Call) (engine.Value, error) {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
			return c.Undefined(), err
		}
		return numberObject(c.Scope, "user", float64(u.Utime.Nano())/1e3, "system", float64(u.Stime.Nano())/1e3)
	})
	bindCredentials(b)
	b.fn("signals", signalNumbers)
}

// signalNumbers returns an object that maps the names of signals to their numbers.
func signalNumbers(c *engine.Call) (engine.Value, error) {
	all := c.Object()
	for n := syscall.Signal(1); n < 65; n++ {
		for _, name := range []string{unix.SignalName(n), signalAliases[n]} {
			if name == "" {
				continue
			}
			if err := all.Set(name, c.Int(int64(n))); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// architecture returns Node's name of runtime.GOARCH.
func architecture() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x64"
	case "386":
		return "ia32"
	case "ppc64le":
		return "ppc64"
	case "mipsle":
		return "mipsel"
	}
	return runtime.GOARCH
}

func numberFunc(of func() int) engine.Func {
	return func(c *engine.Call) (engine.Value, error) { return c.Int(int64(of())), nil }
}

// numberObject returns an object from alternating names and numbers.
func numberObject(s *engine.Scope, of ...any) (engine.Value, error) {
	object := s.Object()
	for i := 0; i < len(of); i += 2 {
		if err := object.Set(of[i].(string), s.Float(of[i+1].(float64))); err != nil {
			return object, err
		}
	}
	return object, nil
}
