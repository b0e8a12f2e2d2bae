package nodejson_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/nodejson"
)

func TestValueReadsAsParseDoes(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       any
	}{
		{"scalars", " [ true,false , null,\"\" ]\r\n", []any{true, false, nil, ""}},
		{"empty", "\t{\"a\":{} , \"b\":[ ]}", map[string]any{"a": map[string]any{}, "b": []any{}}},
		{"escapes", `"\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\uD83D\uDE00"`, "\"\\/\b\f\n\r\tA\u00e9\u20ac\U0001f600"},
		{"lone surrogates", `["\ud800","\uDFFF","\udfff\ud800x","\ud800\ud83d\ude00"]`, []any{high, low, low + high + "x", high + "\U0001f600"}},
		{"lone surrogate behind what only looks like one", `["\\ud800\udc00"]`, []any{`\ud800` + "\xed\xb0\x80"}},
		{"lone surrogate in a key", `{"\ud800":1}`, map[string]any{high: 1.0}},
		{"half of a pair at the end", `"\ud83d\\ude00"`, "\xed\xa0\xbd\\ude00"},
		{"no UTF-8", "[\"a\xffb\",\"\xe2\x82c\",\"\xed\xa0\x80\",\"\xf0\x9f\x98\"]", []any{"a\ufffdb", "\ufffdc", "\ufffd\ufffd\ufffd", "\ufffd"}},
		{"no UTF-8 in a key", "{\"\xff\":1}", map[string]any{"\ufffd": 1.0}},
		{"duplicate keys", `{"a":1,"a":2,"\u0061":3}`, map[string]any{"a": 3.0}},
		{"numbers", `[0,-1,1e21,5e-324,2e-324,9007199254740993,0.1,1E+2,123456789012345678901234567890]`,
			[]any{0.0, -1.0, 1e21, 5e-324, 0.0, 9007199254740992.0, 0.1, 100.0, 123456789012345678901234567890.0}},
		{"out of range", `[1e400,-1e400]`, []any{math.Inf(1), math.Inf(-1)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := nodejson.Value([]byte(c.text))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			require.True(t, nodejson.Valid([]byte(c.text)))
		})
	}
	zero, err := nodejson.Value([]byte("-0"))
	require.NoError(t, err)
	require.True(t, math.Signbit(zero.(float64)))
}

// The objects of an array share the strings of their keys. That must not show.
func TestObjectsInAnArrayHaveTheirOwnKeys(t *testing.T) {
	got, err := nodejson.Value([]byte(`[{"a":1,"\\u0061":2},{"a":3,"\u0061":4},{"b":5,"\\u0061":6,"c":7},{},{"\u0062":8},{"ä":9},{"ä":10,"":11},{"":12}]`))
	require.NoError(t, err)
	require.Equal(t, []any{
		map[string]any{"a": 1.0, `\u0061`: 2.0}, map[string]any{"a": 4.0}, map[string]any{"b": 5.0, `\u0061`: 6.0, "c": 7.0},
		map[string]any{}, map[string]any{"b": 8.0}, map[string]any{"ä": 9.0}, map[string]any{"ä": 10.0, "": 11.0},
		map[string]any{"": 12.0},
	}, got)
}

func TestInvalidJSONIsRefused(t *testing.T) {
	for _, c := range []struct {
		text   string
		offset int
	}{
		{"", 0}, {" ", 1}, {"x", 0}, {"tru", 3}, {"nulL", 3}, {"[1,]", 3}, {"[1 2]", 3}, {"[", 1}, {"[1", 2}, {"{", 1},
		{`{"a"}`, 4}, {`{"a":}`, 5}, {`{"a":1,}`, 7}, {`{a:1}`, 1}, {`{"a":1 "b"}`, 7}, {"01", 1}, {"-", 1}, {"1.", 2}, {"1e", 2}, {".5", 0}, {"+1", 0},
		{`"`, 1}, {`"a`, 2}, {"\"\n\"", 1}, {`"\x"`, 1}, {`"\u12"`, 1}, {`"\u12g4"`, 1}, {`"\`, 1}, {"1 2", 2}, {"{} x", 3}, {"]", 0},
		{"\xef\xbb\xbf1", 0}, {"\u00a01", 0}, {"NaN", 0}, {"'a'", 0}, {"\xff", 0}, {"1\x00", 1},
	} {
		t.Run(c.text, func(t *testing.T) {
			v, err := nodejson.Value([]byte(c.text))
			require.Nil(t, v)
			require.Equal(t, &nodejson.Error{Op: "decode", Offset: c.offset, Err: nodejson.ErrSyntax}, err)
			require.False(t, nodejson.Valid([]byte(c.text)))
			var s struct{ A any }
			require.ErrorIs(t, nodejson.Decode([]byte(c.text), &s), nodejson.ErrSyntax)
			require.NotEmpty(t, err.Error())
		})
	}
}

func TestDepthIsBounded(t *testing.T) {
	for _, brackets := range [][2]string{{"[", "]"}, {`{"a":`, "}"}, {`[{"a":`, "}]"}} {
		nested := func(levels int) []byte {
			levels /= len(strings.Trim(brackets[1], " "))
			return []byte(strings.Repeat(brackets[0], levels) + "1" + strings.Repeat(brackets[1], levels))
		}
		var typed struct{ A, B any }
		_, err := nodejson.Value(nested(10_000))
		require.NoError(t, err)
		require.True(t, nodejson.Valid(nested(10_000)))

		for _, levels := range []int{10_002, 5_000_000} {
			_, err = nodejson.Value(nested(levels))
			require.ErrorIs(t, err, nodejson.ErrDepth)
			require.False(t, nodejson.Valid(nested(levels)))
			require.ErrorIs(t, nodejson.Decode(nested(levels), &typed), nodejson.ErrDepth)
			require.ErrorIs(t, nodejson.Members([]byte(`{"x":`+string(nested(levels))+`}`), 0, func(string, []byte) {}), nodejson.ErrDepth)
		}
	}
}

// The first of the two is an escaped backslash before letters, not half of a pair.
func TestDecodeTellsSurrogatesFromEscapedBackslashes(t *testing.T) {
	for text, want := range map[string]string{
		`\\ud800\udc00`:       `\ud800` + "\xed\xb0\x80",
		`\\\ud800\udc00`:      `\` + "\U00010000",
		`\\\\ud800\udc00`:     `\\ud800` + "\xed\xb0\x80",
		`\ud800\\udc00`:       high + `\udc00`,
		`\ud800\udc00\\ud800`: "\U00010000" + `\ud800`,
		`\ud83d\ude00\ud800`:  "\U0001f600" + high,
		`\u0041\\u0041\udfff`: `A\u0041` + low,
	} {
		var got struct{ S string }
		require.NoError(t, nodejson.Decode([]byte(`{"S":"`+text+`"}`), &got), text)
		require.Equal(t, want, got.S, text)
	}
}

func TestDecodeIsThatOfEncodingJSONAndMore(t *testing.T) {
	type inner struct {
		S string
		N name
		P *string
		Q string `json:",string"`
		M map[name]string
		A any
		L []any
	}
	const text = `{"s":"\ud800","N":"a\udfff","P":"\ud800","Q":"\"\\ud800\"","M":{"\ud800":"\udfff"},"A":{"\ud800":["\ud800"]},"l":["\ud800",null]}`
	p := high
	want := inner{
		S: high, N: "a" + low, P: &p, Q: high, M: map[name]string{high: low},
		A: map[string]any{high: []any{high}}, L: []any{high, nil},
	}
	var got inner
	require.NoError(t, nodejson.Decode([]byte(text), &got))
	require.Equal(t, want, got)
	again, err := nodejson.Append(nil, got)
	require.NoError(t, err)
	var twice inner
	require.NoError(t, nodejson.Decode(again, &twice))
	require.Equal(t, want, twice)

	var v any = "old"
	require.NoError(t, nodejson.Decode([]byte(`["\ud800"]`), &v))
	require.Equal(t, []any{high}, v)
	require.NoError(t, nodejson.Decode([]byte("null"), &v))
	require.Nil(t, v)
	require.Error(t, nodejson.Decode([]byte("]"), &v))

	var s string
	v = &s
	require.NoError(t, nodejson.Decode([]byte(`"into"`), &v))
	require.Equal(t, "into", s)
	require.NoError(t, nodejson.Decode([]byte(`"\ud800"`), &v))
	require.Equal(t, high, s)

	var beside struct {
		L    loud
		S    string
		K    map[loud]loud
		Q, R string `json:",string"`
	}
	beside.Q = "kept"
	require.NoError(t, nodejson.Decode([]byte(`{"L":"A!","S":"\ud800","K":{"B!":"C!"},"Q":"null","R":"\"null\""}`), &beside))
	require.Equal(t, loud("a"), beside.L)
	require.Equal(t, map[loud]loud{"b": "c"}, beside.K)
	require.Equal(t, "kept", beside.Q)
	require.Equal(t, "null", beside.R)

	var numbers map[json.Number]json.Number
	require.NoError(t, nodejson.Decode([]byte(`{"x":1e3,"2":"2"}`), &numbers))
	require.Equal(t, map[json.Number]json.Number{"x": "1e3", "2": "2"}, numbers)

	require.NoError(t, nodejson.Decode([]byte("{\"S\":\"\xe2\x82\"}"), &got))
	require.Equal(t, "\ufffd", got.S)
}

func TestDecodeNamesTheValueThatDoesNotFit(t *testing.T) {
	var s struct{ N int }
	for _, c := range []struct {
		text string
		v    any
	}{
		{`{"N":"x"}`, &s}, {`[]`, &s}, {`{}`, s}, {`{}`, nil}, {`{}`, (*any)(nil)},
		{`{"N":"\ud800"}`, &s},
		{`{"Q":"\ud800"}`, new(struct {
			Q string `json:",string"`
		})},
	} {
		err := nodejson.Decode([]byte(c.text), c.v)
		failed, ok := errors.AsType[*nodejson.Error](err)
		require.True(t, ok, "%s: %v", c.text, err)
		require.Equal(t, "decode", failed.Op)
		require.NotErrorIs(t, err, nodejson.ErrSyntax)
	}
}

// Whether a message is decoded the slow way must not depend on ordinary pairs.
func TestOnlyLoneSurrogatesNeedCare(t *testing.T) {
	for text, want := range map[string]bool{
		`"\ud83d\ude00"`: false, `"\uD83D\uDE00\u0041\ud83d\ude00"`: false, `"\u00e9"`: false, `"d800"`: false, "": false, `"\u"`: false, `"\ud8"`: false,
		`"\ud83d"`: true, `"\ude00"`: true, `"\ude00\ud83d"`: true, `"\ud83d\ud83d\ude00"`: true, `"\ud83d\u0041"`: true, `"\ud83dx\ude00"`: true,
		`"\u0041\uDFFF"`: true,
	} {
		require.Equal(t, want, nodejson.MayHaveLoneSurrogate([]byte(text)), "%s", text)
	}
}
