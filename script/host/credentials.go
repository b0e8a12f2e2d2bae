package host

import (
	"os"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/script/engine"
)

// bindCredentials gives module process the functions that change its user, its groups and its
// program.
func bindCredentials(b *builder) {
	for name, call := range map[string]struct {
		lookup func(string) (int, bool)
		set    func(int) error
	}{
		"setuid":  {userID, syscall.Setuid},
		"setgid":  {groupID, syscall.Setgid},
		"seteuid": {userID, func(id int) error { return syscall.Setreuid(-1, id) }},
		"setegid": {groupID, func(id int) error { return syscall.Setregid(-1, id) }},
	} {
		// Each returns whether there is a user or group of that name.
		b.fn(name, func(c *engine.Call) (engine.Value, error) {
			id, ok := int(c.Arg(0).Int()), true
			if c.Arg(0).Kind() == engine.String {
				if id, ok = call.lookup(c.Arg(0).Text()); !ok {
					return c.Bool(false), nil
				}
			}
			return c.Bool(true), onPath(name, call.set(id))
		})
	}
	b.fn("groupId", func(c *engine.Call) (engine.Value, error) {
		id, ok := groupID(c.Arg(0).Text())
		if !ok {
			return c.Undefined(), nil
		}
		return c.Int(int64(id)), nil
	})
	b.fn("groupsOf", func(c *engine.Call) (engine.Value, error) {
		u, err := user.Lookup(c.Arg(0).Text())
		if c.Arg(0).Kind() == engine.Number {
			u, err = user.LookupId(strconv.FormatInt(c.Arg(0).Int(), 10))
		}
		if err != nil {
			return c.Undefined(), nil
		}
		names, err := u.GroupIds()
		all := []engine.Value{}
		for _, name := range names {
			if id, err := strconv.Atoi(name); err == nil {
				all = append(all, c.Int(int64(id)))
			}
		}
		return c.Array(all...), err
	})
	b.fn("setgroups", func(c *engine.Call) (engine.Value, error) {
		n, err := c.Arg(0).Len()
		ids := make([]int, 0, n)
		for i := 0; i < n && err == nil; i++ {
			var one engine.Value
			if one, err = c.Arg(0).Index(i); err == nil {
				ids = append(ids, int(one.Int()))
			}
		}
		if err != nil {
			return c.Undefined(), err
		}
		return c.Undefined(), onPath("setgroups", syscall.Setgroups(ids))
	})
	b.fn("execve", func(c *engine.Call) (engine.Value, error) {
		f := &fields{v: c.Array(c.Arg(1), c.Arg(2))}
		args, env := f.list("0"), f.list("1")
		if f.err != nil {
			return c.Undefined(), f.err
		}
		return c.Undefined(), onPath("execve", execProgram(c.Arg(0).Text(), args, env), c.Arg(0).Text())
	})
}

// execProgram replaces the program: execve(2). Descriptors 0 to 2 stay open; the others are
// close-on-exec.
func execProgram(file string, args, env []string) error {
	for fd := range 3 {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			// It cannot fail: the descriptor is open.
			_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFD, flags&^unix.FD_CLOEXEC)
		}
	}
	return unix.Exec(file, args, env)
}

func userID(name string) (int, bool) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, false
	}
	id, err := strconv.Atoi(u.Uid)
	return id, err == nil
}

func groupID(name string) (int, bool) {
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, false
	}
	id, err := strconv.Atoi(g.Gid)
	return id, err == nil
}

// changeDirectory is chdir(2). Its error names both directories.
func changeDirectory(to string) error {
	from, _ := unix.Getwd() // Without it the error has an empty path.
	if e := asSystemError(os.Chdir(to)); e != nil {
		return onPath("chdir", e.errno, from, to)
	}
	return nil
}
