package pool_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// megabytes is a part of a script that prints that many megabytes of x.
const megabytes = `megabytes() { head -c ${1}000000 /dev/zero | tr '\0' x; }
`

// A progress message or chunk that is too long is no answer. The answer comes later and does no
// harm.
//
//brood:checks W074
func TestAChunkOrProgressThatIsTooLongFailsItsJobAndNotTheWorker(t *testing.T) {
	for _, kind := range []string{"chunk", "progress"} {
		t.Run(kind, func(t *testing.T) {
			l := newLoop(t)
			p := newPool(t, l, script(t, pool.Options{Max: 1, MaxResult: 1 << 20}, megabytes+`
echo '{"ready":{"version":1,"accepts":["cancel"]}}' >&3
read job <&3
printf '{"id":1,"`+kind+`":"' >&3
megabytes 2 >&3
printf '"}\n' >&3
read cancel <&3
echo '{"id":1,"result":"all the same"}' >&3
read job <&3
echo '{"id":2,"result":"well"}' >&3
read job <&3`))
			p.OnError(func(err error) { t.Error(err) })
			task, got := runTask(t, p, "job", nil)
			task.OnChunk(func([]byte) { t.Error("a chunk") })
			task.OnProgress(func(*pool.Progress) { t.Error("progress") })
			until(t, l, settled(got))
			require.ErrorIs(t, got.err, pool.ErrTooLarge)
			next := run(t, p, "job", nil)
			until(t, l, settled(next))
			require.Equal(t, "well", value[string](next))
			require.Equal(t, 1, next.result.Worker.Number)
			require.Equal(t, uint64(1), p.Stats().Late)
			stop(t, l, p)
		})
	}
}

// The id of a nested object is not that of the message.
//
//brood:checks W074
func TestTheIDOfAnAnswerThatIsTooLongIsItsOwn(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, script(t, pool.Options{Max: 1, MaxResult: 1 << 20}, megabytes+`
echo '{"ready":{"version":1,"concurrency":2}}' >&3
read job <&3
read job <&3
printf '{"about":{"id":2},"id":1,"result":"' >&3
megabytes 2 >&3
printf '"}\n{"id":2,"result":"well"}\n' >&3
read job <&3`))
	first, second := run(t, p, 1, nil), run(t, p, 2, nil)
	until(t, l, settled(first, second))
	require.ErrorIs(t, first.err, pool.ErrTooLarge)
	require.Equal(t, "well", value[string](second))
	stop(t, l, p)
}

// Its attachment would be taken for the one of the next answer.
//
//brood:checks W072 W074
func TestAfterAnAnswerThatIsTooLongNoAttachmentIsTakenForAnother(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, script(t, pool.Options{Max: 1, MaxResult: 1 << 20, Attachments: true}, megabytes+`
echo '{"ready":true}' >&3
read job <&3
case $BROOD_POOL_WORKER in
1)
	printf '{"id":1,"attach":3,"result":"' >&3
	megabytes 2 >&3
	printf '"}\n' >&3
	printf '\0\0\0\3old' >&4
	read job <&3
	echo '{"id":2,"result":1,"attach":3}' >&3
	printf '\0\0\0\3new' >&4;;
*)
	echo '{"id":1,"result":2,"attach":3}' >&3
	printf '\0\0\0\3new' >&4;;
esac
read job <&3`))
	long, next := run(t, p, 1, nil), run(t, p, 2, nil)
	until(t, l, settled(long, next))
	require.ErrorIs(t, long.err, pool.ErrTooLarge)
	require.NoError(t, next.err)
	require.Equal(t, "new", string(next.result.Attach))
	stop(t, l, p)
}

//brood:checks W084
func TestOutputOnStdoutDoesNoHarmWhateverItLooksLike(t *testing.T) {
	for name, output := range map[string]string{
		"without a newline":  `megabytes 3; echo`,
		"ids of other kinds": `printf '{"id":"req-1","level":"info"}\n{"id":"req-1","error":"no such user"}\n{"id":-4,"result":1}\n'`,
		"an id of others":    `printf '{"id":77,"level":"info"}\n'`,
	} {
		t.Run(name, func(t *testing.T) {
			var log records
			l := newLoop(t)
			o := script(t, pool.Options{Max: 1, MaxResult: 1 << 20, Protocol: pool.StdLines, Logger: slog.New(&log)}, megabytes+output+`
echo '{"ready":true}'
read job
`+output+`
echo '{"id":1,"result":"well"}'
`+output+`
read job`)
			p := newPool(t, l, o)
			p.OnError(func(err error) { t.Error(err) })
			got := run(t, p, "job", nil)
			until(t, l, settled(got))
			require.Equal(t, "well", value[string](got))
			require.Equal(t, 1, got.result.Worker.Number)
			stop(t, l, p)
			text := strings.Join(log.text, "\n")
			if name == "without a newline" {
				require.Contains(t, text, "xxxxxxxx worker=1")
			} else {
				require.Contains(t, text, `"level":"info"} worker=1`)
			}
		})
	}
	l := newLoop(t)
	p := newPool(t, l, script(t, pool.Options{Max: 1, Protocol: pool.StdLines}, `
echo '{"ready":true}'
read job
echo '{"id":77,"result":1}'
exec sleep 1000`))
	got := run(t, p, "job", nil)
	until(t, l, settled(got))
	require.ErrorIs(t, got.err, pool.ErrBroken, "an answer to nothing is one on stdout too")
	stop(t, l, p)
}

// Many libraries write NaN and Infinity, which JSON does not have.
//
//brood:checks W003
func TestAnAnswerThatIsNoJSONFailsItsJobAndNotTheWorker(t *testing.T) {
	for name, protocol := range map[string]pool.Protocol{"lines": pool.Lines, "std lines": pool.StdLines, "messages": pool.Messages} {
		t.Run(name, func(t *testing.T) {
			text := `
ready='{"ready":{"version":1,"concurrency":2}}'
echo $ready >&3
read job <&3; read job <&3
printf '{"id":1,"result":{"mean":NaN}}\n{"id":2,"error":Infinity}\n' >&3
read job <&3
printf '{"id":3,"progress":NaN}\n{"id":3,"result":"well"}\n' >&3
read job <&3`
			if protocol == pool.StdLines {
				text = strings.NewReplacer(" >&3", "", " <&3", "").Replace(text)
			}
			l := newLoop(t)
			o := script(t, pool.Options{Max: 1, InFlight: 2}, text)
			o.Protocol = protocol
			p := newPool(t, l, o)
			for _, got := range []*outcome{run(t, p, 1, nil), run(t, p, 2, nil)} {
				until(t, l, settled(got))
				e, ok := errors.AsType[*pool.ProtocolError](got.err)
				require.True(t, ok, "%v", got.err)
				require.Equal(t, 1, e.Worker.Number)
				require.Contains(t, string(e.Data), `{"id":`)
			}
			got := run(t, p, 3, nil)
			until(t, l, settled(got))
			require.Equal(t, "well", value[string](got))
			require.Equal(t, 1, got.result.Worker.Number)
			stop(t, l, p)
		})
	}
}
