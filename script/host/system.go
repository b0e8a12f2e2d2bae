package host

import (
	"errors"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/script/engine"
)

// Each platform supplies, for module os:
//
//	loadAverage() (load [3]float64)               the average load of the last 1, 5 and 15 minutes
//	uptime() float64                              seconds since the system started
//	memory() (total, free uint64)                 bytes
//	cpus() []cpu                                  the processors, as far as the system describes them
//	niceness(priority int) int                    the nice value for a result of getpriority(2)
//	setPriority(pid, nice int) error              sets a process's nice value; pid 0: this process

// cpu describes a processor. Times are milliseconds.
type cpu struct {
	model                      string
	speed                      float64 // MHz
	user, nice, sys, idle, irq float64
}

// bindOS gives the library the functions of module os.
func bindOS(b *builder) {
	b.value("errno", errnoNumbers(b))
	text := func(name string, of func() (string, error)) {
		b.fn(name, func(c *engine.Call) (engine.Value, error) {
			s, err := of()
			return c.String(s), err
		})
	}
	text("getHostname", os.Hostname)
	b.fn("getHomeDirectory", func(c *engine.Call) (engine.Value, error) {
		if home := c.Arg(1).Text(); home != "" {
			return c.Arg(1), nil
		}
		_, _, dir, _, err := readAccount()
		if err != nil {
			return c.Undefined(), tellProblem(c, "uv_os_homedir", err)
		}
		return c.String(dir), nil
	})
	b.fn("getOSInformation", func(c *engine.Call) (engine.Value, error) {
		var u unix.Utsname
		err := unix.Uname(&u)
		return stringArray(c.Scope, []string{
			unix.ByteSliceToString(u.Sysname[:]), unix.ByteSliceToString(u.Version[:]), unix.ByteSliceToString(u.Release[:]),
			unix.ByteSliceToString(u.Machine[:]),
		}), err
	})
	b.fn("getLoadAvg", func(c *engine.Call) (engine.Value, error) {
		load := loadAverage()
		return c.Array(c.Float(load[0]), c.Float(load[1]), c.Float(load[2])), nil
	})
	float := func(name string, of func() float64) {
		b.fn(name, func(c *engine.Call) (engine.Value, error) { return c.Float(of()), nil })
	}
	float("getUptime", uptime)
	float("getTotalMem", func() float64 { total, _ := memory(); return float64(total) })
	float("getFreeMem", func() float64 { _, free := memory(); return float64(free) })
	float("getAvailableParallelism", func() float64 { return float64(runtime.NumCPU()) })
	b.fn("getCPUs", func(c *engine.Call) (engine.Value, error) {
		var all []engine.Value
		for _, p := range cpus() {
			all = append(all, c.String(p.model))
			for _, n := range []float64{p.speed, p.user, p.nice, p.sys, p.idle, p.irq} {
				all = append(all, c.Float(n))
			}
		}
		return c.Array(all...), nil
	})
	b.fn("getInterfaceAddresses", interfaceAddresses)
	b.fn("getUserInfo", func(c *engine.Call) (engine.Value, error) {
		name, shell, dir, gid, err := readAccount()
		if err != nil {
			return c.Undefined(), tellProblem(c, "uv_os_get_passwd", err)
		}
		return c.Array(c.Int(int64(os.Getuid())), c.Int(int64(gid)), c.String(name), c.String(dir), c.String(shell)), nil
	})
	b.fn("getPriority", func(c *engine.Call) (engine.Value, error) {
		pid := int(c.Arg(1).Int())
		if pid == 0 {
			pid = os.Getpid() // 0 would mean the calling thread.
		}
		priority, err := unix.Getpriority(unix.PRIO_PROCESS, pid)
		if err != nil {
			return c.Undefined(), tellProblem(c, "uv_os_getpriority", err)
		}
		return c.Int(int64(niceness(priority))), nil
	})
	b.fn("setPriority", func(c *engine.Call) (engine.Value, error) {
		err := setPriority(int(c.Arg(1).Int()), int(c.Arg(2).Int()))
		return c.Bool(err == nil), tellProblem(c, "uv_os_setpriority", err)
	})
}

// tellProblem describes a failed system call in the object that the library passes as the first
// argument, and returns nil; it returns any other error.
func tellProblem(c *engine.Call, call string, err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err
	}
	problem := c.Arg(0)
	return errors.Join(
		problem.Set("errno", c.Int(-int64(errno))), problem.Set("code", c.String(unix.ErrnoName(errno))),
		problem.Set("message", c.String(errno.Error())), problem.Set("syscall", c.String(call)),
	)
}

const maxErrno = 133 // Linux's highest errno; other systems have fewer

func errnoNumbers(b *builder) engine.Value {
	numbers := b.s.Object()
	for errno := syscall.Errno(1); errno <= maxErrno; errno++ {
		if name := unix.ErrnoName(errno); name != "" {
			if err := numbers.Set(name, b.s.Int(int64(errno))); err != nil {
				b.err = err
			}
		}
	}
	return numbers
}

// readAccount returns the entry of this process's user in /etc/passwd.
func readAccount() (name, shell, dir string, gid int, err error) {
	uid := strconv.Itoa(os.Getuid())
	text, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return "", "", "", 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(fields) == 7 && fields[2] == uid {
			gid, err = strconv.Atoi(fields[3])
			return fields[0], fields[6], fields[5], gid, err
		}
	}
	return "", "", "", 0, syscall.ENOENT
}

// interfaceAddresses returns seven values for each address, in one array: name, address, netmask,
// family, MAC address, whether it is internal, and the IPv6 scope.
func interfaceAddresses(c *engine.Call) (engine.Value, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return c.Undefined(), tellProblem(c, "uv_interface_addresses", errors.Join(err, syscall.EIO))
	}
	var all []engine.Value
	for _, one := range interfaces {
		addresses, err := one.Addrs()
		if err != nil || one.Flags&net.FlagUp == 0 {
			continue
		}
		mac := one.HardwareAddr.String()
		if mac == "" {
			mac = "00:00:00:00:00:00"
		}
		for _, address := range addresses {
			network, ok := address.(*net.IPNet)
			if !ok {
				continue
			}
			family, scope := "IPv4", -1
			if network.IP.To4() == nil {
				family, scope = "IPv6", 0
				if network.IP.IsLinkLocalUnicast() {
					scope = one.Index
				}
			}
			all = append(all, c.String(one.Name), c.String(network.IP.String()), c.String(net.IP(network.Mask).String()),
				c.String(family), c.String(mac), c.Bool(one.Flags&net.FlagLoopback != 0), c.Int(int64(scope)))
		}
	}
	return c.Array(all...), nil
}
