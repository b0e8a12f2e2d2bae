package host_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() { helperproc.Register("wrong handles", wrongHandles) }

// wrongHandles is a helper that sends descriptors to its parent with a wrong description.
func wrongHandles([]string) {
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	channel, err := strconv.Atoi(os.Getenv("NODE_CHANNEL_FD"))
	check(err)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	check(err)
	datagram, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	check(err)
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	check(err)
	check(unix.Listen(listener, 1))
	for _, d := range []struct {
		fd    int
		claim string
	}{
		{pair[0], "dgram.Socket"}, {pair[0], "net.Server"}, {datagram, "net.Socket"}, {datagram, "net.Server"},
		{listener, "net.Socket"}, {listener, "dgram.Socket"},
	} {
		frame := fmt.Appendf(nil, `{"cmd":"NODE_HANDLE","type":%q,"msg":%q}`+"\n", d.claim, d.claim)
		check(unix.Sendmsg(channel, frame, unix.UnixRights(d.fd), nil, 0))
	}
	_, err = unix.Write(channel, []byte("\"end\"\n"))
	check(err)
	helperproc.Exit(0)
}

func TestAHandleOfTheWrongKindIsDropped(t *testing.T) {
	program, args := helperproc.Command("wrong handles")
	require.Equal(t, []string{
		"dgram.Socket undefined", "net.Server undefined", "net.Socket undefined", "net.Server undefined",
		"net.Socket undefined", "dgram.Socket undefined",
		"end undefined", "0 true",
	}, printed(t, `
		const fs = require('fs');
		const open = () => fs.readdirSync('/dev/fd').length;
		const child = require('child_process').spawn(`+quote(program)+`, [`+quote(args[0])+`], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
		const before = open();
		child.on('message', (message, handle) => console.log(message, handle));
		child.on('close', (code) => setImmediate(() => console.log(code, open() <= before)));`))
}
