package nodejson_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/nodejson"
)

// Append writes a value of Value in a form that is stable from then on. Valid and encoding/json
// agree on valid JSON, and on its meaning where encoding/json loses nothing.
func FuzzValue(f *testing.F) {
	f.Fuzz(func(t *testing.T, p []byte) {
		v, err := nodejson.Value(p)
		require.Equal(t, err == nil, nodejson.Valid(p))
		require.Equal(t, json.Valid(p), nodejson.Valid(p))
		if err != nil {
			return
		}
		once, err := nodejson.Append(nil, v)
		require.NoError(t, err)
		require.True(t, utf8.Valid(once))
		require.NotContains(t, string(once), "\n")
		again, err := nodejson.Value(once)
		require.NoError(t, err)
		twice, err := nodejson.Append(nil, again)
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))

		var oracle any
		if utf8.Valid(p) && !nodejson.MayHaveLoneSurrogate(p) && json.Unmarshal(p, &oracle) == nil {
			require.Equal(t, oracle, v)
		}
	})
}

// For any text Cmd returns the cmd that a program finds by decoding all of it.
func FuzzCmd(f *testing.F) {
	f.Fuzz(func(t *testing.T, p []byte) {
		want := ""
		v, bad := nodejson.Value(p)
		if bad == nil {
			if object, ok := v.(map[string]any); ok {
				if cmd, ok := object["cmd"].(string); ok && len(cmd) > 5 && strings.HasPrefix(cmd, "NODE_") {
					want = cmd
				}
			}
		}
		cmd, err := nodejson.Cmd(p, 0)
		require.Equal(t, want, cmd)
		require.Equal(t, bad, err)
	})
}

// everything has a field for every kind of treatment of types.
type everything struct {
	S string            `json:"s"`
	N name              `json:"n,omitempty"`
	Q string            `json:"q,string"`
	F float64           `json:"f"`
	G float32           `json:"g,omitempty,string"`
	I int64             `json:"i"`
	J json.Number       `json:"j,omitempty"`
	B []byte            `json:"b"`
	P *everything       `json:"p,omitempty"`
	L []name            `json:"l"`
	M map[string]string `json:"m"`
	K map[name]any      `json:"k"`
	A any               `json:"a"`
	R json.RawMessage   `json:"r,omitempty"`
	T bytes.Buffer      `json:"-"`
	embedded
}

type embedded struct {
	E [2]string
	U uint8 `json:"u,omitempty"`
}

// The lenient options and encoding/json read and write a value alike.
func FuzzDecode(f *testing.F) {
	f.Fuzz(func(t *testing.T, p []byte) {
		v, err := nodejson.Value(p)
		if !utf8.Valid(p) || nodejson.MayHaveLoneSurrogate(p) || err == nil && contains(v, differs) {
			var got everything
			_ = nodejson.Decode(p, &got) // It must return.
			return
		}
		var oracle, got, lenient everything
		want := json.Unmarshal(p, &oracle)
		err = nodejson.Decode(p, &got)
		require.Equal(t, want == nil, err == nil, "encoding/json: %v, nodejson: %v", want, err)
		require.Equal(t, want == nil, nodejson.DecodeLenient(p, &lenient) == nil)
		if want != nil {
			return
		}
		require.Equal(t, oracle, got)
		require.Equal(t, oracle, lenient)

		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		require.NoError(t, enc.Encode(oracle))
		out, err := nodejson.Append(nil, got)
		require.NoError(t, err)
		carefully, err := nodejson.AppendLenient(got)
		require.NoError(t, err)
		// encoding/json has more escapes and minus zero; the meaning is the same.
		require.JSONEq(t, text.String(), string(out))
		require.JSONEq(t, string(out), string(carefully))
	})
}

// differs reports whether encoding/json refuses v: a number out of range, or, for a field with the
// option string, a text that only package strconv takes for a number.
func differs(v any) bool {
	switch v := v.(type) {
	case float64:
		return math.IsInf(v, 0)
	case string:
		_, err := strconv.ParseFloat(v, 64)
		return err == nil && !json.Valid([]byte(v))
	}
	return false
}

// contains reports whether found is true for v or a value in it.
func contains(v any, found func(any) bool) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, func(v any) bool { return contains(v, found) })
	case map[string]any:
		return contains(slices.Collect(maps.Values(v)), found)
	}
	return found(v)
}
