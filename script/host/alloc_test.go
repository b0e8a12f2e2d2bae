package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Events that the loop passes to a script do not allocate in Go. The one allocation is the address
// that recvfrom(2) of the test returns; the channel makes several messages at once.
func TestEventsOfAScriptHardlyAllocate(t *testing.T) {
	peer := newPeer(t)
	w := newWorld(t, "process.on('message', (m) => process.send(m)); globalThis.go = () => process.nextTick(() => {});")
	answer := make([]byte, len(smallMessage))
	require.EqualValues(t, 1, testing.AllocsPerRun(100, func() { w.exchange(peer, smallMessage, answer) }), "a message")
	fn := w.global("go")
	require.Zero(t, testing.AllocsPerRun(100, func() { w.call(fn, 1) }), "a tick")
}
