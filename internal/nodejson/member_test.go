package nodejson_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/nodejson"
)

//brood:checks N147
func TestCmdTellsInternalMessages(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"cmd":"NODE_bar"}`, "NODE_bar"},
		{` {"a":[{"cmd":1}], "cmd" : "NODE_HANDLE" , "msg":{}}` + "\r", "NODE_HANDLE"},
		{`{"cmd":"\u004eODE_x"}`, "NODE_x"},
		{`{"cmd":"NODE\u005F\u0078"}`, "NODE_x"},
		{`{"\u0063md":"NODE_x"}`, "NODE_x"},
		{`{"c\u006dd":"N\u004fDE_x"}`, "NODE_x"},
		{`{"cmd":5,"cmd":"NODE_x"}`, "NODE_x"},
		{`{"cmd":"NODE_a","cmd":"NODE_b"}`, "NODE_b"},
		{`{"cmd":"NODE_\n"}`, "NODE_\n"},
		{`{"cmd":"NODE_\ud800"}`, "NODE_" + high},
		{`{"cmd":"NODE_\u0000"}`, "NODE_\x00"},
		{"{\"cmd\":\"NODE_\xff\"}", "NODE_\ufffd"},

		{`{"cmd":"fooNODE_"}`, ""},
		{`{"cmd":"NODE_"}`, ""},
		{`{"cmd":"node_bar"}`, ""},
		{`{"cmd":"NODE_x","cmd":"no"}`, ""},
		{`{"cmd":"NODE_x","cmd":{"cmd":"NODE_x"}}`, ""},
		{`{"cmd":"NODE_x","\u0063md":"no"}`, ""},
		{`{"cmd":5,"x":"NODE_x"}`, ""},
		{`{"cmd":["NODE_x"]}`, ""},
		{`{"Cmd":"NODE_x"}`, ""},
		{`{"a":{"cmd":"NODE_x"}}`, ""},
		{`"NODE_HANDLE"`, ""},
		{`["cmd","NODE_x"]`, ""},
		{`{"cmd":"\\u004eODE_x"}`, ""},
		{`{"x":"\"cmd\":\"NODE_x\""}`, ""},
		{`null`, ""},
		{`{}`, ""},
	} {
		cmd, err := nodejson.Cmd([]byte(c.text), 0)
		require.NoError(t, err, "Cmd(%s)", c.text)
		require.Equal(t, c.want, cmd, "Cmd(%s)", c.text)
	}
	for _, text := range []string{``, `{"cmd":"NODE_x"`, `{"cmd":"NODE_x"} x`, `{"cmd":"NODE_x","y":tru}`, `nul`, `["x"`} {
		cmd, err := nodejson.Cmd([]byte(text), 0)
		require.ErrorIs(t, err, nodejson.ErrSyntax, "Cmd(%s)", text)
		require.Empty(t, cmd, "Cmd(%s)", text)
	}
}

func TestMembersTakesAMessageApart(t *testing.T) {
	text := []byte(` {"cmd":"NODE_HANDLE", "type" : "net.Socket","msg":{"a": [1,"}"]},"\u006bey":"4:127.0.0.1:0","msg":null} `)
	var got []string
	require.NoError(t, nodejson.Members(text, 0, func(key string, value []byte) { got = append(got, key+"="+string(value)) }))
	require.Equal(t, []string{
		`cmd="NODE_HANDLE"`, `type="net.Socket"`, `msg={"a": [1,"}"]}`, `key="4:127.0.0.1:0"`, `msg=null`,
	}, got)

	got = nil
	require.NoError(t, nodejson.RawMembers(text, 0, func(key, value []byte) {
		if nodejson.Means(key, "key") {
			got = append(got, string(key)+"="+string(value))
		}
	}))
	require.Equal(t, []string{`"\u006bey"="4:127.0.0.1:0"`}, got)

	for _, text := range []string{"", "[]", "null", "{", `{"a":1`, `{"a":1}x`, `{"a":1,}`, `{"a":01}`} {
		err := nodejson.Members([]byte(text), 0, func(string, []byte) {})
		require.ErrorIs(t, err, nodejson.ErrSyntax, "%s", text)
	}
}

//brood:checks N153 S065
func TestStringsOfEveryKindArriveAsTheyWere(t *testing.T) {
	for _, s := range []string{
		"", "a\nb", "a\x00b", "\u2028\u2029", "\U0001f600", strings.Repeat("ä", 400_000), "\ufffd", high, low + high, "\u007f\u0080",
		`\`, `"`, `\u0041`, "</script>",
	} {
		for _, v := range []any{s, []any{s}, map[string]any{s: s}} {
			p, err := nodejson.Append(nil, v)
			require.NoError(t, err)
			got, err := nodejson.Value(p)
			require.NoError(t, err)
			require.Equal(t, v, got)
		}
		type message struct {
			S string
			M map[string]string
		}
		sent := message{s, map[string]string{s: s}}
		p, err := nodejson.Append(nil, sent)
		require.NoError(t, err)
		var got message
		require.NoError(t, nodejson.Decode(p, &got))
		require.Equal(t, sent, got)
	}
}

func TestTheBeginningOfATextHasMembersToo(t *testing.T) {
	for text, want := range map[string]string{
		`{"id":7,"result":"x`:                   `"id"=7 "result"="x…`,
		` { "a" : [1,{}] , "b":{"id":3,"c`:      `"a"=[1,{}] "b"={"id":3,"c…`,
		`{"id":12`:                              `"id"=12…`,
		`{"id":12 `:                             `"id"=12`,
		`{"id":12,"wh`:                          `"id"=12`,
		`{"id":12,"what"`:                       `"id"=12`,
		`{"id":12,"what":`:                      `"id"=12 "what"=…`,
		`{"id":12,"what":tr`:                    `"id"=12 "what"=tr…`,
		`{"id":1}`:                              `"id"=1`,
		`{"id":1} {"id":2,"x":1}`:               `"id"=1`,
		`{}`:                                    ``,
		`{`:                                     ``,
		``:                                      ``,
		`[{"id":1}`:                             ``,
		`"id":1,`:                               ``,
		`{"a":1 "b":2}`:                         `"a"=1`,
		`{"deep":` + strings.Repeat("[", 20000): `"deep"=` + strings.Repeat("[", 20000) + "…",
	} {
		var got []string
		nodejson.Beginning([]byte(text), func(key, value []byte, whole bool) {
			one := string(key) + "=" + string(value)
			if !whole {
				one += "…"
			}
			got = append(got, one)
		})
		require.Equal(t, want, strings.Join(got, " "), "Beginning(%.100s)", text)
	}
}
