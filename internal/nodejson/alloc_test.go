//go:build !race

package nodejson_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/nodejson"
)

// The race detector allocates on its own account, so this file is not built with it.

func requireNoAllocs(t *testing.T, fn func()) {
	t.Helper()
	fn() // The first call makes the memory that is kept.
	require.Zero(t, testing.AllocsPerRun(1000, fn))
}

func TestAppendDoesNotAllocate(t *testing.T) {
	for name, v := range map[string]any{
		"struct": &struct {
			N int    `json:"n"`
			S string `json:"s"`
		}{1, "hello"},
		"generic": map[string]any{"n": 1.5, "s": "hello", "l": []any{true, nil, map[string]any{"x": "y"}}},
	} {
		buf := make([]byte, 0, 1024)
		var e nodejson.Encoder
		requireNoAllocs(t, func() {
			if _, err := e.Append(buf, v); err != nil {
				require.NoError(t, err, name)
			}
		})
	}
}

func TestLookingAtAMessageDoesNotAllocate(t *testing.T) {
	for _, text := range []string{
		`{"n":1,"s":"hello"}`, `[1,2,3]`, `{"s":"\u001b[31m","cmd":"no"}`, `{"s":"NODE_","cmd":{"a":"b"}}`, `{"cmd":"fooNODE_"}`,
	} {
		p := []byte(text)
		requireNoAllocs(t, func() {
			if cmd, err := nodejson.Cmd(p, 0); cmd != "" || err != nil {
				require.Fail(t, text)
			}
		})
	}
}

func TestTakingAMessageApartDoesNotAllocate(t *testing.T) {
	p := []byte(`{"id":17,"job":{"a":[1,2]}}`)
	members := 0
	count := func(key, _ []byte) {
		if nodejson.Means(key, "id") || nodejson.Means(key, "job") {
			members++
		}
	}
	requireNoAllocs(t, func() {
		if err := nodejson.RawMembers(p, 0, count); err != nil {
			require.NoError(t, err)
		}
	})
	require.NotZero(t, members)
}

// The slice grows three times until the length of an element is known. Equal texts are one string.
func TestReadingRecordsAllocatesTheSliceAndTheTextsThatDiffer(t *testing.T) {
	const slices, message = 4, 1
	for name, want := range map[string]float64{"plain": message + slices, "dated": message + slices + datedNames} {
		t.Run(name, func(t *testing.T) {
			for _, k := range recordKinds {
				if k.name != name {
					continue
				}
				text, err := json.Marshal(k.value)
				require.NoError(t, err)
				read := func() {
					if err := nodejson.Decode(text, k.fresh()); err != nil {
						require.NoError(t, err)
					}
				}
				read()
				require.LessOrEqual(t, testing.AllocsPerRun(20, read), want)
			}
		})
	}
}
