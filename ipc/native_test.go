package ipc_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
)

func TestANativeIsADescriptorThatStaysTheSenders(t *testing.T) {
	c := unrefedChannel(t, newLoop(t))
	for name, row := range map[string]struct {
		create         func(testing.TB) any
		typ, dgramType string
	}{
		"connection": {create: connection("tcp4", "127.0.0.1:0"), typ: "net.Native"},
		"listener":   {create: listener("tcp4", "127.0.0.1:0"), typ: "net.Native"},
		"unix":       {create: unixListener, typ: "net.Native"},
		"pipe":       {create: pipe, typ: "net.Native"},
		"udp":        {create: packetConn("udp4", "127.0.0.1:0"), typ: "dgram.Native"},
		"file":       {create: regularFile},
	} {
		t.Run(name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			n := dup(t, row.create(t))
			defer closeFD(t, n)
			o, err := ipc.OpenOutgoing(c, ipc.Native(n), false)
			if row.typ == "" {
				require.ErrorIs(t, err, ipc.ErrHandleType)
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.typ, o.Type)
			require.False(t, o.Retransmit)
			require.NotEqual(t, n, o.FD)
			o.Sent()
			require.True(t, isOpen(n))
			o.Done(true)
		})
	}
}

func TestANativeThatIsNoDescriptorIsAnError(t *testing.T) {
	l := newLoop(t)
	a, _ := newPair(t, l, nil)
	for _, n := range []ipc.Native{-1, 1 << 30} {
		require.ErrorIs(t, a.SendWith("x", &ipc.SendOptions{Handle: n}), unix.EBADF)
	}
	a.Disconnect()
	run(t, l)
}
