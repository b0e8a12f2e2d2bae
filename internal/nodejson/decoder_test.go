package nodejson_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/nodejson"
)

// A channel relies on Ordinary, so it must be false for every message with a cmd of Node's.
func TestADecoderKnowsMessagesWithoutACommand(t *testing.T) {
	type job struct {
		N    int
		S    string
		Next *job
	}
	type named struct {
		Cmd string `json:"cmd"`
		N   int
	}
	type itself *itself
	for _, c := range []struct {
		text     string
		into     any
		ordinary bool
	}{
		{`{"N":1,"S":"NODE_X"}`, new(job), true},
		{`{"N":1,"S":"\u004eODE_X","Next":{"N":2}}`, new(job), true},
		{`{"N":1,"S":"NODE_X"}`, new(*job), true},
		{`{"N":1,"cmd":"NODE_X"}`, new(job), false},
		{`{"N":1,"\u0063md":"NODE_X"}`, new(job), false},
		{`{"N":1,"Next":{"cmd":"NODE_X"}}`, new(job), false},
		{`{"N":1,"cmd":"NODE_X"}`, new(named), false},
		{`{"N":1}`, new(named), false},
		{`{"cmd":"NODE_X"}`, new(map[string]string), false},
		{`{"cmd":"NODE_X"}`, new(any), false},
		{`{"cmd":"NODE_X"}`, new(map[string]any), false},
		{`[{"cmd":"NODE_X"}]`, new([]map[string]string), true},
		{`"NODE_X"`, new(string), true},
		{`null`, new(itself), false},
		{`{"N":1`, new(job), false},
		{`{"N":"x"}`, new(job), false},
	} {
		var d nodejson.Decoder
		for range 2 { // The second time it uses the remembered plan.
			clean := reflect.New(reflect.TypeOf(c.into).Elem()).Interface()
			read := d.DecodePlain([]byte(c.text), clean)
			require.Equal(t, c.ordinary, d.Ordinary(), "%s into %T", c.text, c.into)
			if d.Ordinary() {
				require.True(t, read)
				cmd, err := nodejson.Cmd([]byte(c.text), 0)
				require.NoError(t, err)
				require.Empty(t, cmd)
			}
		}
		require.True(t, d.DecodePlain([]byte(`1`), new(int)))
		require.True(t, d.Ordinary())
		require.False(t, d.DecodePlain([]byte(`1`), new(chan int)))
		require.False(t, d.Ordinary(), "nothing was read")
	}
}
