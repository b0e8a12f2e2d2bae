package nodejson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/nodejson"
)

// Lone surrogates as WTF-8.
const (
	high = "\xed\xa0\x80" // U+D800
	low  = "\xed\xbf\xbf" // U+DFFF
)

type name string

// loud has another text in JSON.
type loud string

func (l loud) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(string(l)) + "!"), nil }

func (l *loud) UnmarshalText(p []byte) error {
	*l = loud(strings.ToLower(strings.TrimSuffix(string(p), "!")))
	return nil
}

func appended(t testing.TB, v any) string {
	t.Helper()
	p, err := nodejson.Append(nil, v)
	require.NoError(t, err, "Append(%#v)", v)
	require.True(t, json.Valid(p), "Append(%#v) = %s", v, p)
	require.NotContains(t, string(p), "\n")
	return string(p)
}

func TestAppendWritesAsStringifyDoes(t *testing.T) {
	type floats struct {
		A float64
		B float32
		C any
		D *float64 `json:",omitempty"`
	}
	nan := math.NaN()
	for _, c := range []struct {
		name string
		v    any
		want string
	}{
		{"nothing", nil, `null`},
		{"nil pointer", (*floats)(nil), `null`},
		{"scalars", []any{true, false, nil, "", 0.0, 5, int64(-5), uint64(math.MaxUint64)}, `[true,false,null,"",0,5,-5,18446744073709551615]`},
		{"no escapes for HTML", "<a href='x'>&</a>", `"<a href='x'>&</a>"`},
		{"no escapes for HTML in a struct", struct{ S string }{"<&>\u2028\u2029"}, "{\"S\":\"<&>\u2028\u2029\"}"},
		{"separators of lines", "\u2028\u2029", "\"\u2028\u2029\""},
		{"controls", "\x00\x01\b\t\n\v\f\r\x1f\"\\/\x7f", `"\u0000\u0001\b\t\n\u000b\f\r\u001f\"\\/` + "\x7f\""},
		{"controls in a struct", struct{ S string }{"\x00\b\v\x1f/\x7f"}, `{"S":"\u0000\b\u000b\u001f/` + "\x7f\"}"},
		{"no finite numbers", []any{nan, math.Inf(1), math.Inf(-1)}, `[null,null,null]`},
		{"no finite numbers in a struct", floats{nan, float32(math.Inf(1)), nan, &nan}, `{"A":null,"B":null,"C":null,"D":null}`},
		{"minus zero", []any{math.Copysign(0, -1), -0.5}, `[0,-0.5]`},
		{"minus zero in a struct", floats{A: math.Copysign(0, -1), C: "-0,e-0 \"-0"}, `{"A":0,"B":0,"C":"-0,e-0 \"-0"}`},
		{"minus zero at the end", struct {
			A float64
			L []float64
		}{-1e-100, []float64{math.Copysign(0, -1)}}, `{"A":-1e-100,"L":[0]}`},
		{"raw minus zero", json.RawMessage(`[-0, 1e-0, -0.5, -0e1, "-0"]`), `[0,1e-0,-0.5,-0e1,"-0"]`},
		{"numbers", []any{1e21, 1e20, 123456789012345680000.0, 5e-324, 1e-6, 1e-7, 1.5e300, float64(1 << 53)}, `[1e+21,100000000000000000000,123456789012345680000,5e-324,0.000001,1e-7,1.5e+300,9007199254740992]`},
		{"lone surrogates", "a" + high + low + "b", `"a\ud800\udfffb"`},
		{"lone surrogate in a struct", struct{ S string }{high}, `{"S":"\ud800"}`},
		{"lone surrogate in a named string", []name{high}, `["\ud800"]`},
		{"lone surrogate in a key", map[string]any{high: 1}, `{"\ud800":1}`},
		{"lone surrogate in a key of a typed map", map[name]int{high: 1}, `{"\ud800":1}`},
		{"lone surrogates in keys of a typed map", struct{ M map[name]any }{map[name]any{low: 1, high: low, "b": nil, "a": map[string]int{low: 1, high: 2}}},
			`{"M":{"a":{"\ud800":2,"\udfff":1},"b":null,"\ud800":"\udfff","\udfff":1}}`},
		{"lone surrogate in a string field", struct {
			S string `json:",string"`
		}{"x" + high}, `{"S":"\"x\\ud800\""}`},
		{"lone surrogate in an embedded any", struct{ V any }{[]any{map[string]any{"a": high}}}, `{"V":[{"a":"\ud800"}]}`},
		{"lone surrogate in a list of strings", []string{"a", low}, `["a","\udfff"]`},
		{"no UTF-8", "a\xffb\xe2\x82c\xc0\x80", "\"a\ufffdb\ufffdc\ufffd\ufffd\""},
		{"no UTF-8 in a struct", struct{ S string }{"\xf0\x9f\x98"}, "{\"S\":\"\ufffd\"}"},
		{"bytes", []any{[]byte("hi"), []byte{}, []byte(nil)}, `["aGk=","",null]`},
		{"nil slices and maps", []any{[]any(nil), map[string]any(nil), []string(nil), []int(nil)}, `[null,null,null,null]`},
		{"empty slices and maps", []any{[]any{}, map[string]any{}, []string{}, map[int]int{}}, `[[],{},[],{}]`},
		{"sorted keys", map[string]any{"b": 1, "a": map[string]any{"d": 2, "c": 3}, "c": 4}, `{"a":{"c":3,"d":2},"b":1,"c":4}`},
		{"duration", struct{ D time.Duration }{time.Second}, `{"D":1000000000}`},
		{"number", []any{json.Number("1e3"), struct{ N json.Number }{"-12"}, json.Number("")}, `[1e3,{"N":-12},0]`},
		{"number as a key", []any{map[json.Number]json.Number{"x": "1"}, map[json.Number]int{"x": 1, "2": 2}}, `[{"x":1},{"2":2,"x":1}]`},
		{"number in a string field", struct {
			N json.Number `json:",string"`
			S string
		}{"5", high}, `{"N":"5","S":"\ud800"}`},
		{"method beside a lone surrogate", struct {
			L loud
			S string
			K map[loud]loud
		}{"a", high, map[loud]loud{"b": "c", "d": "e"}}, `{"L":"A!","S":"\ud800","K":{"B!":"C!","D!":"E!"}}`},
		{"text marshaler", []any{time.Unix(0, 0).UTC()}, `["1970-01-01T00:00:00Z"]`},
		{"raw message", json.RawMessage(" {\"a\" :\n[1,\r\n\"\\u0041 b\"] }\t"), `{"a":[1,"\u0041 b"]}`},
		{"raw message inside", map[string]any{"r": json.RawMessage("[\n]"), "s": struct{ R json.RawMessage }{json.RawMessage("{\n}")}}, `{"r":[],"s":{"R":{}}}`},
		{"raw message with lone surrogates", json.RawMessage("[\"\\ud800\", \"" + low + "\", \"\xff\"]"), "[\"\\ud800\",\"\\udfff\",\"\ufffd\"]"},
		{"nil raw message", []any{json.RawMessage(nil), struct{ R json.RawMessage }{}}, `[null,{"R":null}]`},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, appended(t, c.v)) })
	}
}

func TestAppendLeavesWhatIsThere(t *testing.T) {
	for _, v := range []any{"x", struct{ S string }{"x"}, struct{ S string }{high}, math.NaN(), struct{ F float64 }{math.Copysign(0, -1)}} {
		p, err := nodejson.Append([]byte("-0,\xff "), v)
		require.NoError(t, err)
		require.Equal(t, "-0,\xff "+appended(t, v), string(p))
	}
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) MarshalJSON() ([]byte, error) { return nil, errBroken }

func TestAppendReturnsAnErrorAndTheBufferAsItWas(t *testing.T) {
	cyclicMap := map[string]any{"a": 1}
	cyclicMap["b"] = []any{cyclicMap}
	cyclicList := []any{1, nil}
	cyclicList[1] = cyclicList
	type node struct{ Next *node }
	cyclicStruct := &node{}
	cyclicStruct.Next = cyclicStruct
	mixed := map[string]any{}
	mixed["s"] = struct{ M map[string]any }{mixed}
	deep := any("end")
	for range 10_001 {
		deep = []any{deep}
	}
	for _, c := range []struct {
		name string
		v    any
		is   error
	}{
		{"channel", make(chan int), nil},
		{"function in a map", map[string]any{"f": func() {}}, nil},
		{"complex in a struct", struct{ C complex128 }{}, nil},
		{"broken marshaler", []any{broken{}}, errBroken},
		{"map that contains itself", cyclicMap, nodejson.ErrCycle},
		{"list that contains itself", cyclicList, nodejson.ErrCycle},
		{"struct that contains itself", cyclicStruct, nodejson.ErrCycle},
		{"cycle through a struct", mixed, nil},
		{"too deep", deep, nodejson.ErrDepth},
		{"raw message that is no JSON", json.RawMessage(`{"a":}`), nil},
		{"empty raw message", json.RawMessage{}, nil},
		{"two raw messages in one", json.RawMessage("1\n2"), nil},
		{"number that is none", json.Number("1\n2"), nil},
		{"number that is none in a struct", struct{ N json.Number }{"x"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := nodejson.Append([]byte("before"), c.v)
			require.Equal(t, "before", string(p))
			failed, ok := errors.AsType[*nodejson.Error](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, "encode", failed.Op)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			require.True(t, strings.HasPrefix(err.Error(), "encode json: "), "%v", err)
		})
	}
}

// A value that contains itself is found before its text has been written many times.
func TestAppendFindsACycleEarly(t *testing.T) {
	cyclic := map[string]any{"a": strings.Repeat("x", 1<<20)}
	cyclic["b"] = cyclic
	buf := make([]byte, 0, 64<<20)
	_, err := nodejson.Append(buf, cyclic)
	require.ErrorIs(t, err, nodejson.ErrCycle)
	require.Zero(t, buf[:cap(buf)][40<<20], "the text of a small cycle was written more than 40 times")

	for name, link := range map[string]func(*knot){
		"pointer":          func(k *knot) { k.P = k },
		"any":              func(k *knot) { k.A = k },
		"slice":            func(k *knot) { k.L = []*knot{nil, k} },
		"slice of structs": func(k *knot) { k.V = []knot{*k}; k.V[0].V = k.V },
		"map":              func(k *knot) { k.M = map[string]knot{"": *k}; k.M[""] = knot{S: k.S, M: k.M} },
		"any in a list":    func(k *knot) { k.A = []any{k} },
	} {
		k := &knot{S: strings.Repeat("x", 1<<20)}
		link(k)
		clear(buf[:cap(buf)])
		_, err := nodejson.Append(buf, k)
		require.ErrorIs(t, err, nodejson.ErrCycle, name)
		require.Zero(t, buf[:cap(buf)][40<<20], "the text of a %s was written more than 40 times", name)
	}
}

// knot has every way in which a value with a plan can contain itself.
type knot struct {
	S string
	P *knot           `json:",omitempty"`
	A any             `json:",omitempty"`
	L []*knot         `json:",omitempty"`
	V []knot          `json:",omitempty"`
	M map[string]knot `json:",omitempty"`
}

// The same map twice, side by side, is no cycle. Neither are deep values that share parts.
func TestAppendTakesSharedParts(t *testing.T) {
	shared := map[string]any{"x": []any{}}
	v := any([]any{shared, shared})
	for range 100 {
		v = []any{v, shared}
	}
	require.Equal(t, 102, strings.Count(appended(t, v), `"x"`))

	leaf := &knot{S: "leaf"}
	leaves := []*knot{leaf, leaf}
	k := &knot{L: leaves}
	for range 100 {
		k = &knot{P: k, L: leaves, A: leaf}
	}
	require.Equal(t, 302, strings.Count(appended(t, k), `"leaf"`))

	// A struct and its first field have one address.
	type chain struct {
		In struct{ P *int }
		To **int
	}
	n := 1
	c := &chain{In: struct{ P *int }{&n}}
	c.To = &c.In.P
	v = c
	for range 100 {
		v = []any{v}
	}
	require.Contains(t, appended(t, v), `{"In":{"P":1},"To":1}`)
}

func TestAppendWritesTenThousandLevels(t *testing.T) {
	v := any("end")
	for range 10_000 {
		v = []any{v}
	}
	p, err := nodejson.Append(nil, v)
	require.NoError(t, err)
	got, err := nodejson.Value(p)
	require.NoError(t, err)
	require.True(t, nodejson.Valid(p))
	again, err := nodejson.Append(nil, got)
	require.NoError(t, err)
	require.Equal(t, len(p), len(again))
}

// Every value that can be written can be read: structs count as objects, with anything between
// them.
func TestAppendCountsTheLevelsOfStructs(t *testing.T) {
	type value struct{ V any }
	type node struct{ Next *node }
	for name, level := range map[string]func(v any) any{
		"struct":     func(v any) any { return value{v} },
		"pointer":    func(v any) any { return &value{v} },
		"in a list":  func(v any) any { return []value{{v}} },
		"in objects": func(v any) any { return map[string]any{"v": &value{v}} },
		"list":       func(v any) any { next, _ := v.(*node); return &node{next} },
	} {
		each := strings.Count(name, "in ") + 1
		var v any
		for range 10_000 / each {
			v = level(v)
		}
		p, err := nodejson.Append(nil, v)
		require.NoError(t, err, name)
		require.True(t, nodejson.Valid(p), name)
		_, err = nodejson.Append(nil, level(v))
		require.Error(t, err, name)
	}
}

// answer is a message that writes itself.
type answer struct {
	id    int
	value any
}

func (a answer) AppendJSON(dst []byte, e *nodejson.Encoder) ([]byte, error) {
	return e.Append(fmt.Appendf(dst, "[%d,", a.id), a.value)
}

func TestAMessageMayWriteItself(t *testing.T) {
	var e nodejson.Encoder
	p, err := e.Append([]byte("x"), answer{3, map[string]any{"b": 1, "a": 2}})
	require.NoError(t, err)
	require.Equal(t, `x[3,{"a":2,"b":1}`, string(p))

	p, err = e.Append([]byte("x"), answer{3, func() {}})
	require.Error(t, err)
	require.Equal(t, "x", string(p), "what it had begun")
}
