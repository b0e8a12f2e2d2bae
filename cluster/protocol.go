package cluster

import (
	"math"
	"strconv"

	"github.com/brood-go/brood/ipc"
)

// command is the cmd of all messages of the protocol (Node v20, lib/internal/cluster/utils.js,
// sendHelper).
const command = "NODE_CLUSTER"

// The constants of the protocol. A message has an act, a reply an ack instead.
const (
	actOnline                = "online"
	actQuery                 = "queryServer"
	actListening             = "listening"
	actClose                 = "close"
	actExitedAfterDisconnect = "exitedAfterDisconnect"
	actNewConn               = "newconn"
	actDisconnect            = "disconnect"
	envUniqueID              = "NODE_UNIQUE_ID"
	typeUnix                 = "-1"
	typeUDP4                 = "udp4"
	typeUDP6                 = "udp6"
	flagIPv6Only             = 1 // UV_TCP_IPV6ONLY, UV_UDP_IPV6ONLY
	flagReuseAddr            = 4 // UV_UDP_REUSEADDR
	// bytes of a query, including its address and the data of a TLS server
	maxQuery        = 64 << 10
	maxAddress      = 4096    // bytes
	maxBacklog      = 1 << 16 // connections; systems allow less
	maxExactInteger = 1 << 53
)

// inbound is a message from the other side, in either direction. A member may have any type; one of
// an unexpected type counts as absent.
type inbound struct {
	Act         any `json:"act"`
	Ack         any `json:"ack"`
	Seq         any `json:"seq"`
	Key         any `json:"key"`
	Accepted    any `json:"accepted"`
	Errno       any `json:"errno"`
	Sockname    any `json:"sockname"`
	Index       any `json:"index"`
	Data        any `json:"data"`
	Address     any `json:"address"`
	Port        any `json:"port"`
	AddressType any `json:"addressType"`
	FD          any `json:"fd"`
	Flags       any `json:"flags"`
	Backlog     any `json:"backlog"`
	ReadableAll any `json:"readableAll"`
	WritableAll any `json:"writableAll"`
}

// head is the beginning of every message that we send. Node puts seq last; the order does not
// matter.
type head struct {
	Cmd string `json:"cmd"`
	Act string `json:"act,omitempty"`
	Seq int    `json:"seq"`
}

// ackMessage is a reply without content, or with the answer to newconn.
type ackMessage struct {
	head
	Ack      int   `json:"ack"`
	Accepted *bool `json:"accepted,omitempty"`
}

// keyMessage is a message about the listener with that key: newconn, close.
type keyMessage struct {
	head
	Key string `json:"key"`
}

// queryReply is the answer to queryServer.
type queryReply struct {
	head
	Ack int `json:"ack"`
	// nil: round robin; 0: the message carries the socket; negative: an error
	Errno    any       `json:"errno"`
	Key      string    `json:"key"`
	Data     any       `json:"data"`
	Sockname *sockname `json:"sockname,omitempty"`
}

// sockname is the address of a TCP socket.
type sockname struct {
	Address string `json:"address"`
	Family  string `json:"family"`
	Port    int    `json:"port"`
}

// queryMessage is the message queryServer, and listening, from a Go worker.
type queryMessage struct {
	head
	Index       int  `json:"index"`
	Data        any  `json:"data"`
	Address     any  `json:"address"` // nil: all addresses
	Port        int  `json:"port"`
	AddressType any  `json:"addressType"`
	FD          *int `json:"fd,omitempty"`
	Flags       int  `json:"flags"`
	Backlog     int  `json:"backlog"`
	ReadableAll bool `json:"readableAll,omitempty"`
	WritableAll bool `json:"writableAll,omitempty"`
}

// replyFields are the members that most messages of a worker have: its answer to newconn. They are
// decoded first, because that is cheaper.
type replyFields struct {
	Cmd      any `json:"cmd"`
	Ack      any `json:"ack"`
	Accepted any `json:"accepted"`
}

// onMessage calls fn with each message of the protocol that comes over ch. ack, which may be nil,
// gets the replies first; if it returns true, the reply is handled.
func onMessage(ch *ipc.Channel, ack func(seq int, accepted bool) bool, fn func(m *ipc.Message, in *inbound)) {
	ch.OnInternal(command, func(m *ipc.Message) {
		// A message that cannot be decoded, or has a longer cmd, belongs to another protocol.
		var b replyFields
		if m.Decode(&b) != nil || b.Cmd != command {
			return
		}
		if seq, ok := integer(b.Ack); ok && ack != nil && ack(seq, isTrue(b.Accepted)) {
			return
		}
		var in inbound
		if m.Decode(&in) == nil {
			fn(m, &in)
		}
	})
}

// text returns v if it is a string, else "".
func text(v any) string {
	s, _ := v.(string)
	return s
}

// integer returns v if it is a whole number, or a string with one in decimal.
func integer(v any) (n int, ok bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) <= maxExactInteger {
			return int(v), true
		}
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	}
	return 0, false
}

// integerOr returns the integer v, or otherwise if v is none.
func integerOr(v any, otherwise int) int {
	if n, ok := integer(v); ok {
		return n
	}
	return otherwise
}

// isTrue reports whether v is the boolean true.
func isTrue(v any) bool {
	b, ok := v.(bool)
	return ok && b
}
