package ipc_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
)

// fuzzLimit keeps the bytes of one input within the smallest socket buffer.
const fuzzLimit = 4 << 10

// split cuts data into chunks. The bytes of cuts are their lengths, used round and round.
func split(data, cuts []byte) [][]byte {
	if len(cuts) == 0 {
		return [][]byte{data}
	}
	var chunks [][]byte
	for i := 0; len(data) > 0; i++ {
		n := min(max(int(cuts[i%len(cuts)]), 1), len(data))
		chunks = append(chunks, data[:n])
		data = data[n:]
	}
	return chunks
}

// FuzzSplit compares the messages and errors of any split of the bytes with those of the whole, in
// both framings.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("1\n{\"a\":[1,2]}\n\"x\"\n"), []byte{1}, false, uint16(0))
	f.Add([]byte("{]\n\n\"\xff\"\n{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":1}\n2"), []byte{3, 1}, false, uint16(5))
	f.Add([]byte("12345678901234567890\n1\n"), []byte{7}, false, uint16(10))
	f.Add(binary.BigEndian.AppendUint32(nil, 1<<31), []byte{1}, true, uint16(0))
	f.Add([]byte("\x00\x00\x00\x08\xff\x0f\x22\x04done\x00\x00\x00\x03\xff\x0f0\x00\x00\x00\x01x"), []byte{2, 5}, true, uint16(0))
	f.Add([]byte("\x00\x00\x00\x14aaaaaaaaaaaaaaaaaaaa\x00\x00\x00\x03\xff\x0fT"), []byte{3}, true, uint16(10))
	l := newLoop(f)
	f.Fuzz(func(t *testing.T, data, cuts []byte, adv bool, limit uint16) {
		if len(data) > fuzzLimit {
			return
		}
		o := &ipc.Options{MaxMessage: int(limit)}
		if adv {
			o.Serialization = ipc.Advanced
		}
		receive := func(chunks [][]byte) (entries, answers []string) {
			c, p := newChannel(t, l, o)
			var j journal
			c.OnMessage(func(m *ipc.Message) { j.Add("message " + string(m.Raw())) })
			c.OnError(func(err error) { j.Add("error " + err.Error()) })
			c.OnDisconnect(j.Note("disconnect"))
			for _, chunk := range chunks {
				p.send(string(chunk))
				poll(t, l)
			}
			poll(t, l)
			answer, _ := p.read()
			p.close()
			run(t, l)
			return j.Entries, []string{answer}
		}
		want, wantAnswers := receive([][]byte{data}[:min(1, len(data))])
		got, gotAnswers := receive(split(data, cuts))
		require.Equal(t, want, got)
		require.Equal(t, wantAnswers, gotAnswers)
	})
}
