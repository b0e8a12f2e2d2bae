package readahead_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/internal/readahead"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

// decoder uses a Guess in the same way as a channel.
type decoder struct{ *readahead.Guess }

func newDecoder() decoder { return decoder{readahead.New(new(nodejson.Decoder).DecodePlain)} }

func (d decoder) Decode(p []byte, v any) error {
	if d.Take(v) {
		return nil
	}
	return nodejson.Decode(p, v)
}

func (d decoder) Value(p []byte) (any, error) {
	if v, ok := d.TakeAny(); ok {
		return v, nil
	}
	return nodejson.Value(p)
}

type ahead struct {
	N    int
	List []int
	Any  any
}

// readAhead handles a message in the same way as a channel: it reads ahead if there is a guess, and
// then decodes.
func readAhead(t *testing.T, a decoder, text string, v any) (guessed bool) {
	t.Helper()
	guessed = a.Read([]byte(text))
	require.NoError(t, a.Decode([]byte(text), v))
	return guessed
}

func TestAMessageIsReadAheadIntoTheTypeOfTheTwoBefore(t *testing.T) {
	a := newDecoder()
	for i := range 10 {
		var v ahead
		guessed := readAhead(t, a, fmt.Sprintf(`{"N":%d,"List":[%d],"Any":{"x":[]}}`, i, i), &v)
		require.Equal(t, i >= 2, guessed, i)
		require.Equal(t, ahead{i, []int{i}, map[string]any{"x": []any{}}}, v)
	}
	var other map[string]any
	require.True(t, readAhead(t, a, `{"N":1}`, &other), "nobody knew that it is another type now")
	require.Equal(t, map[string]any{"N": 1.0}, other)
	require.False(t, a.Read([]byte(`{"N":1}`)))
}

func TestValuesAreReadAheadToo(t *testing.T) {
	a := newDecoder()
	for i := range 4 {
		text := fmt.Appendf(nil, `{"n":%d}`, i)
		require.Equal(t, i >= 2, a.Read(text), i)
		v, err := a.Value(text)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"n": float64(i)}, v)
	}
	require.True(t, a.Read([]byte("null")))
	v, err := a.Value([]byte("null"))
	require.NoError(t, err)
	require.Nil(t, v)
}

// A message may be decoded again and again, or into a variable that is not zero. The values must
// share no memory.
func TestAMessageReadAheadIsGivenOnce(t *testing.T) {
	a := newDecoder()
	text := []byte(`{"N":1,"List":[1,2]}`)
	read := func(into ahead) ahead {
		require.NoError(t, a.Decode(text, &into))
		return into
	}
	for range 3 {
		a.Read(text)
		read(ahead{})
	}
	require.True(t, a.Read(text))
	require.Equal(t, ahead{1, []int{1, 2}, "kept"}, read(ahead{Any: "kept"}))
	first, second := read(ahead{}), read(ahead{})
	require.Equal(t, first, second)
	first.List[0] = 7
	require.Equal(t, []int{1, 2}, second.List)
	require.True(t, a.Read(text))
	require.Equal(t, []int{1, 2}, read(ahead{}).List)
}

func TestNothingIsReadAheadUnlessMessagesAreTaken(t *testing.T) {
	a := newDecoder()
	for range 3 {
		readAhead(t, a, `{"N":1}`, new(ahead))
	}
	require.True(t, a.Read([]byte(`{"N":2}`)))
	require.False(t, a.Read([]byte(`{"N":3}`)), "the one before was not asked for")
	var v ahead
	require.NoError(t, a.Decode([]byte(`{"N":3}`), &v))
	require.Equal(t, 3, v.N)
}

func TestErrorsAreThoseOfDecode(t *testing.T) {
	a := newDecoder()
	for range 3 {
		readAhead(t, a, `{"N":1}`, new(ahead))
	}
	for _, text := range []string{`{"N":1`, `{"N":"x"}`, `{"N":1}x`, ``, `{"N":1,"List":[1,}`} {
		require.False(t, a.Read([]byte(text)), text)
		got, want := a.Decode([]byte(text), new(ahead)), nodejson.Decode([]byte(text), new(ahead))
		require.Equal(t, want, got, text)
	}
	require.Error(t, a.Decode([]byte("1"), nil))
	require.Error(t, a.Decode([]byte("1"), 1))
	require.Error(t, a.Decode([]byte("1"), (*ahead)(nil)))
}

// A message that was read ahead is valid JSON, and the result is the same as of decoding it later.
func FuzzReadAhead(f *testing.F) {
	f.Add([]byte(`{"a":1,"row":{"n":[1,2.5],"s":"x\ny"},"t":"2026-01-02T03:04:05Z"}`))
	f.Add([]byte(`[{"n":1},{"n":1},`))
	f.Fuzz(func(t *testing.T, p []byte) {
		type into struct {
			A   int             `json:"a"`
			Row any             `json:"row"`
			T   json.RawMessage `json:"t"`
		}
		a := newDecoder()
		for range 2 {
			require.NoError(t, a.Decode([]byte("{}"), new(into)))
		}
		if a.Read(p) {
			require.NoError(t, nodejson.Check(p), "%q", p)
		}
		var got, want into
		errGot, errWant := a.Decode(p, &got), nodejson.Decode(p, &want)
		require.Equal(t, errWant, errGot, "%q", p)
		require.Equal(t, want, got, "%q", p)
	})
}
