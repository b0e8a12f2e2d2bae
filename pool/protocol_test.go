package pool_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// framesVariable makes a test binary a worker with frames on descriptor 3, which answers in capital
// letters.
const framesVariable = "POOL_TEST_FRAMES"

func answerFrames() {
	f := os.NewFile(3, "frames")
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(f, head); err != nil {
			return
		}
		text := make([]byte, binary.BigEndian.Uint32(head))
		if _, err := io.ReadFull(f, text); err != nil {
			return
		}
		switch string(text) {
		case "twice":
			_, _ = f.Write(append(head, text...))
		case "long":
			binary.BigEndian.PutUint32(head, 1<<31)
			_, _ = f.Write(head)
			return
		}
		_, _ = f.Write(append(head, upper(text)...))
	}
}

// upper only changes ASCII letters, and so no length.
func upper(text []byte) []byte {
	text = bytes.Clone(text)
	for i, b := range text {
		if b >= 'a' && b <= 'z' {
			text[i] = b - 'a' + 'A'
		}
	}
	return text
}

func frames(t testing.TB, o pool.Options) *pool.Options {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	o.Module, o.Protocol, o.Fork = self, pool.Frames, with(framesVariable+"=1")
	return &o
}

//brood:checks W083
func TestRawFramesAreAnsweredInOrder(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, frames(t, pool.Options{Max: 1, InFlight: 4}))
	var all []*outcome
	var want []string
	for _, text := range []string{"a", "", "\x00\n\xff", strings.Repeat("long ", 100_000), "last"} {
		all = append(all, run(t, p, []byte(text), nil))
		want = append(want, string(upper([]byte(text))))
	}
	until(t, l, settled(all...))
	for i, o := range all {
		require.NoError(t, o.err)
		require.Equal(t, want[i], string(o.result.Raw()))
	}
	other := run(t, p, map[string]int{"n": 1}, nil)
	until(t, l, settled(other))
	require.Equal(t, `{"N":1}`, string(other.result.Raw()), "what is no []byte goes as JSON")
	stop(t, l, p)
}

//brood:checks W083
func TestAWorkerThatBreaksItsFramesIsReplaced(t *testing.T) {
	for _, job := range []string{"twice", "long"} {
		t.Run(job, func(t *testing.T) {
			l := newLoop(t)
			p := newPool(t, l, frames(t, pool.Options{Max: 1}))
			ends := exits(p)
			first := run(t, p, []byte(job), nil)
			until(t, l, func() bool { return len(*ends) > 0 && first.called > 0 })
			again := run(t, p, []byte("x"), nil)
			until(t, l, settled(again))
			require.NoError(t, again.err)
			require.Equal(t, "X", string(again.result.Raw()))
			if job == "long" {
				require.ErrorIs(t, first.err, pool.ErrTooLarge)
			} else {
				require.Equal(t, pool.ExitProtocol, (*ends)[0].Reason)
			}
			stop(t, l, p)
		})
	}
}

//brood:checks W082 W084
func TestPrintsDoNoHarm(t *testing.T) {
	const answer = `while read -r line; do
			id=${line#*:}; id=${id%%,*}
			echo "print $id"; echo "complaint $id" >&2
			echo "{\"id\":$id,\"future\":[1],\"result\":\"$id\"}" OUT
		done IN`
	for name, row := range map[string]struct {
		protocol pool.Protocol
		text     string
	}{
		"lines":     {pool.Lines, `echo '{"ready":true}' >&3; ` + strings.NewReplacer("OUT", ">&3", "IN", "<&3").Replace(answer)},
		"std lines": {pool.StdLines, `echo hello; echo 42; echo '{"level":"info","msg":"json"}'; echo '{"ready":true}'; ` + strings.NewReplacer("OUT", "", "IN", "").Replace(answer)},
	} {
		t.Run(name, func(t *testing.T) {
			var log records
			l := newLoop(t)
			p := newPool(t, l, &pool.Options{Module: shell(t, row.text), Protocol: row.protocol, Max: 1, Logger: slog.New(&log)})
			a, b := run(t, p, "x", nil), run(t, p, "y", nil)
			until(t, l, settled(a, b))
			require.Equal(t, "1", value[string](a))
			require.Equal(t, "2", value[string](b))
			require.Zero(t, p.Stats().Garbage)
			stop(t, l, p)
			text := strings.Join(log.text, "\n")
			for _, want := range []string{"print 1 worker=1", "print 2 worker=1", "complaint 1 worker=1", "complaint 2 worker=1"} {
				require.Contains(t, text, want)
			}
			if row.protocol == pool.StdLines {
				for _, want := range []string{"hello worker=1", "42 worker=1", `{"level":"info","msg":"json"} worker=1`} {
					require.Contains(t, text, want)
				}
			}
		})
	}
}

//brood:checks W073
func TestABigJobForOneWorkerDelaysNoOtherWorker(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "attach", Max: 2, MaxResult: 128 << 20})
	ready(t, l, p, 2)
	small := 0
	big := run(t, p, 1, &pool.RunOptions{Attach: make([]byte, 64<<20)})
	var again func()
	again = func() {
		_, err := p.Run(1, nil, func(_ *pool.Result, err error) {
			require.NoError(t, err)
			if small++; big.called == 0 {
				again()
			}
		})
		require.NoError(t, err)
	}
	again()
	until(t, l, settled(big))
	require.NoError(t, big.err)
	require.Len(t, big.result.Attach, 64<<20)
	require.Greater(t, small, 50, "jobs that were done meanwhile")
	stop(t, l, p)
}
