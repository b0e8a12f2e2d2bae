package host

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/brood-go/brood/script/engine"
)

// resolveTimeout bounds a lookup.
const resolveTimeout = 30 * time.Second

// bindDNS gives the library lookups. Each runs on a goroutine and keeps the loop running until it
// is answered. done is called with (null, answer), or with a code of Node's such as ENOTFOUND.
func bindDNS(b *builder) {
	h := b.h
	b.fn("lookup", func(c *engine.Call) (engine.Value, error) {
		name, network := c.Arg(0).Text(), networkOf(c.Arg(1).Int())
		return h.lookUp(c, 2, func(ctx context.Context) (answer, error) {
			list, err := net.DefaultResolver.LookupNetIP(ctx, network, name)
			return addressesAnswer(list), err
		})
	})
	b.fn("lookupService", func(c *engine.Call) (engine.Value, error) {
		address, port := c.Arg(0).Text(), int(c.Arg(1).Int())
		return h.lookUp(c, 2, func(ctx context.Context) (answer, error) {
			host := address
			if names, err := net.DefaultResolver.LookupAddr(ctx, address); err == nil && len(names) > 0 {
				host = strings.TrimSuffix(names[0], ".")
			}
			return textAnswer([]string{host, serviceName(port)}), nil
		})
	})
	b.fn("resolve", func(c *engine.Call) (engine.Value, error) {
		kind, name, servers := c.Arg(0).Text(), c.Arg(1).Text(), listOf(c.Arg(2))
		return h.lookUp(c, 3, func(ctx context.Context) (answer, error) {
			return queryFor(ctx, resolverOf(servers), kind, name)
		})
	})
	b.fn("servers", func(c *engine.Call) (engine.Value, error) { return stringArray(c.Scope, systemServers()), nil })
}

// answer makes the value of a lookup's result on the loop.
type answer func(s *engine.Scope) (engine.Value, error)

func textAnswer(list []string) answer {
	return func(s *engine.Scope) (engine.Value, error) { return stringArray(s, list), nil }
}

func addressesAnswer(list []netip.Addr) answer {
	all := make([]string, len(list))
	for i, a := range list {
		all[i] = a.Unmap().String()
	}
	return textAnswer(all)
}

func networkOf(family int64) string {
	switch family {
	case 4:
		return "ip4"
	case 6:
		return "ip6"
	}
	return "ip"
}

// lookUp runs find on a goroutine, which ends after find or resolveTimeout. A closed loop drops the
// result. done is the index of the callback among the arguments.
func (h *Host) lookUp(c *engine.Call, done int, find func(ctx context.Context) (answer, error)) (engine.Value, error) {
	k, release := h.keepCallback(c.Scope, c.Arg(done)), h.loop.Hold()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
		defer cancel()
		found, err := find(ctx)
		_ = h.loop.Post(func() {
			defer release()
			_ = h.Do(func(s *engine.Scope) error {
				code, value := s.Null(), s.Undefined()
				if err != nil {
					code = s.String(lookupCode(err))
				} else {
					var failed error
					if value, failed = found(s); failed != nil {
						return failed
					}
				}
				_, err := s.Kept(k).Call(s.Undefined(), code, value)
				return err
			})
			h.engine.Release(&k)
		})
	}()
	return c.Undefined(), nil
}

// lookupCode returns Node's code for a failed lookup.
func lookupCode(err error) string {
	e, ok := errors.AsType[*net.DNSError](err)
	_, isNone := errors.AsType[*net.AddrError](err)
	switch {
	case isNone: // The name has addresses, but none of the requested family.
		return "ENOTFOUND"
	case errors.Is(err, errors.ErrUnsupported):
		return "ENOTIMP"
	case !ok:
		return "EBADNAME"
	case e.IsNotFound:
		return "ENOTFOUND"
	case e.IsTimeout:
		return "ETIMEOUT"
	case e.IsTemporary:
		return "EAI_AGAIN"
	}
	return "ESERVFAIL"
}

// resolverOf returns a resolver that asks these servers in turn; the system's resolver if there are
// none.
func resolverOf(servers []string) *net.Resolver {
	if len(servers) == 0 {
		return net.DefaultResolver
	}
	next := 0
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		server := servers[next%len(servers)]
		next++
		if _, err := netip.ParseAddr(server); err == nil {
			server = net.JoinHostPort(server, "53")
		}
		var d net.Dialer
		return d.DialContext(ctx, network, server)
	}}
}

// queryFor looks up the records of one kind.
func queryFor(ctx context.Context, r *net.Resolver, kind, name string) (answer, error) {
	switch kind {
	case "A", "AAAA":
		list, err := r.LookupNetIP(ctx, map[string]string{"A": "ip4", "AAAA": "ip6"}[kind], name)
		return addressesAnswer(list), err
	case "CNAME":
		to, err := r.LookupCNAME(ctx, name)
		return textAnswer([]string{strings.TrimSuffix(to, ".")}), err
	case "NS":
		list, err := r.LookupNS(ctx, name)
		all := make([]string, len(list))
		for i, ns := range list {
			all[i] = strings.TrimSuffix(ns.Host, ".")
		}
		return textAnswer(all), err
	case "TXT":
		list, err := r.LookupTXT(ctx, name)
		return textAnswer(list), err
	case "PTR", "reverse":
		list, err := r.LookupAddr(ctx, name)
		for i := range list {
			list[i] = strings.TrimSuffix(list[i], ".")
		}
		return textAnswer(list), err
	case "MX":
		list, err := r.LookupMX(ctx, name)
		return recordsAnswer(list, func(set func(string, any), mx *net.MX) {
			set("exchange", strings.TrimSuffix(mx.Host, "."))
			set("priority", int(mx.Pref))
		}), err
	case "SRV":
		_, list, err := r.LookupSRV(ctx, "", "", name)
		return recordsAnswer(list, func(set func(string, any), srv *net.SRV) {
			set("name", strings.TrimSuffix(srv.Target, "."))
			set("port", int(srv.Port))
			set("priority", int(srv.Priority))
			set("weight", int(srv.Weight))
		}), err
	}
	return nil, errors.ErrUnsupported
}

// recordsAnswer returns an array with an object for each record.
func recordsAnswer[T any](list []T, fill func(set func(name string, value any), one T)) answer {
	return func(s *engine.Scope) (engine.Value, error) {
		var failed error
		all := make([]engine.Value, len(list))
		for i, one := range list {
			object := s.Object()
			fill(func(name string, value any) {
				v := s.Undefined()
				switch value := value.(type) {
				case string:
					v = s.String(value)
				case int:
					v = s.Int(int64(value))
				}
				failed = errors.Join(failed, object.Set(name, v))
			}, one)
			all[i] = object
		}
		return s.Array(all...), failed
	}
}

// listOf returns the strings of an array.
func listOf(v engine.Value) (all []string) {
	n, err := v.Len()
	for i := 0; err == nil && i < n; i++ {
		var one engine.Value
		if one, err = v.Index(i); err == nil {
			all = append(all, one.Text())
		}
	}
	return all
}

// serviceName returns the name of a TCP port in services(5), or the number as text.
func serviceName(port int) string {
	text, _ := os.ReadFile("/etc/services")
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		if f := strings.Fields(line); len(f) > 1 && f[1] == strconv.Itoa(port)+"/tcp" {
			return f[0]
		}
	}
	return strconv.Itoa(port)
}

// systemServers returns the name servers of resolv.conf(5).
func systemServers() (all []string) {
	text, _ := os.ReadFile("/etc/resolv.conf")
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "nameserver" {
			all = append(all, f[1])
		}
	}
	return all
}
