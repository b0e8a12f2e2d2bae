package nodejson_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/nodejson"
)

// nesting writes itself with the Encoder that calls it.
type nesting struct {
	e     *nodejson.Encoder
	inner any
	err   error
}

func (n nesting) MarshalJSON() ([]byte, error) {
	p, err := n.e.Append(nil, n.inner)
	return p, errors.Join(err, n.err)
}

func TestAMethodMayUseTheEncoderThatCallsIt(t *testing.T) {
	var e nodejson.Encoder
	inner := map[string]any{"d": json.Number("1"), "c": map[string]any{"f": 1, "e": 2}}
	bad := map[string]any{"c": 1, "b": nesting{e: &e, inner: inner, err: errors.New("no")}, "a": 2}
	for range 3 {
		p, err := e.Append([]byte("x"), map[string]any{"z": nesting{e: &e, inner: inner}, "y": 1, "b": 2})
		require.NoError(t, err)
		require.Equal(t, `x{"b":2,"y":1,"z":{"c":{"e":2,"f":1},"d":1}}`, string(p))

		// An error leaves no trace in the next value.
		_, err = e.Append(nil, bad)
		require.Error(t, err)
	}
}
