package nodejson_test

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/brood-go/brood/internal/nodejson"
)

type (
	word  string
	level int8

	// ordinary has a field of every kind that there are plans for.
	ordinary struct {
		B   bool                `json:"b"`
		I   int                 `json:"i"`
		J   level               `json:"j,omitempty"`
		U   uint16              `json:"u,omitempty"`
		V   uint64              `json:"v"`
		F   float64             `json:"f,omitempty"`
		D   time.Duration       `json:"d,omitempty"`
		S   string              `json:"s"`
		W   word                `json:",omitempty"`
		A   any                 `json:"a,omitempty"`
		P   *ordinary           `json:"p,omitempty"`
		Q   **int               `json:"q,omitempty"`
		L   []ordinary          `json:"l,omitempty"`
		SS  []string            `json:"ss"`
		II  [][]int             `json:"ii,omitempty"`
		M   map[string]int      `json:"m"`
		N   map[word]*ordinary  `json:"n,omitempty"`
		O   map[string]any      `json:"o,omitempty"`
		T   struct{ X, Y word } `json:"t"`
		No  string              `json:"-"`
		own int
	}
)

func TestPlansAreForOrdinaryTypes(t *testing.T) {
	for _, v := range []any{ordinary{}, &ordinary{}, []word{}, map[word]level{}, time.Second, new(any), struct{}{}} {
		require.True(t, nodejson.HasPlan(reflect.TypeOf(v)), "%T", v)
	}
	for _, v := range []any{
		struct{ embedded }{}, struct{ T time.Time }{}, struct{ N json.Number }{}, struct{ R json.RawMessage }{}, []byte{}, [2]int{},
		float32(1), map[int]string{}, map[time.Month]string{}, make(chan int), struct {
			A string `json:"a,string"`
		}{}, struct {
			A string `json:"a,omitzero"`
		}{}, struct {
			A string `json:"ä"`
		}{}, []*everything{},
	} {
		require.False(t, nodejson.HasPlan(reflect.TypeOf(v)), "%T", v)
	}
	text := reflect.TypeFor[string]()
	twice := []reflect.StructField{{Name: "A", Type: text, Tag: `json:"x"`}, {Name: "B", Type: text, Tag: `json:"x"`}}
	require.False(t, nodejson.HasPlan(reflect.StructOf(twice)))
}

// The straight way is not given up for what is usual.
func TestAPlanReadsWhatIsUsual(t *testing.T) {
	var got ordinary
	require.True(t, nodejson.ReadPlanned([]byte(` { "u" : 65535, "i":-7,"unknown":[{"x":"\u00e4"}],"s":"a\n\ud800",`+
		`"l":[{"i":1},{"i":2,"l":[]}],"a":{"k":[1]},"m":{"a":1,"b":2},"q":3,"p":{"f":0.5},"t":{"X":"x"},"ss":null} `), &got))
	three := 3
	q := &three
	require.Equal(t, ordinary{
		U: 65535, I: -7, S: "a\n\xed\xa0\x80", L: []ordinary{{I: 1}, {I: 2, L: []ordinary{}}}, A: map[string]any{"k": []any{1.0}},
		M: map[string]int{"a": 1, "b": 2}, Q: &q, P: &ordinary{F: 0.5}, T: struct{ X, Y word }{X: "x"},
	}, got)
}

// What a plan does not know is left to the library, and what had been read until then leaves nothing behind.
func TestWhatAPlanGivesUpTheLibraryDoes(t *testing.T) {
	for _, text := range []string{
		`{"S":"x","i":1}`, `{"ſ":"long s"}`, `{"\u0073":"x"}`, `{"l":[{"i":1,"s":"x"}],"l":[{"s":"y"}]}`, `{"m":{"a":1},"m":{"b":2}}`,
		`{"m":{"a":1,"a":2}}`, `{"n":{"a":{"i":1},"a":{"s":"x"}}}`, `{"p":{"i":1},"p":{"s":"x"}}`, `{"p":{"i":1},"p":null}`,
		`{"i":1.5,"s":"x"}`, `{"s":"x","i":"1"}`, `{"j":128}`, `{"u":-1}`, `{"v":18446744073709551615}`, `{"i":1e3}`, `{"f":1e999}`,
		`{"i":01}`, `{"i":1`, `{"i":1}}`, `{"s":"x`, `{"s":nul}`, `{"b":truee}`, `{"m":{"\ud800":1}}`, `[]`, `null`, `"x"`, ``, `{"t":[]}`,
		`{"l":[1,{"i":2}]}`, `{"a":1,"a":null}`, `{"ss":["a"],"ss":[]}`, `{"i":1,"i":null}`,
	} {
		var want, got ordinary
		wantErr := nodejson.UnmarshalByLibrary([]byte(text), &want)
		err := nodejson.Unmarshal([]byte(text), &got)
		require.Equal(t, wantErr, err, text)
		require.Equal(t, want, got, text)
	}
}

// What is there already counts as encoding/json has it.
func TestAValueInUseIsReadInto(t *testing.T) {
	x := ordinary{S: "old", L: []ordinary{{I: 1, S: "kept"}}, M: map[string]int{"old": 1}, P: &ordinary{I: 1}}
	require.NoError(t, nodejson.Unmarshal([]byte(`{"i":2,"m":{"new":2},"p":{"s":"x"}}`), &x))
	require.Equal(t, ordinary{
		I: 2, S: "old", L: []ordinary{{I: 1, S: "kept"}}, M: map[string]int{"old": 1, "new": 2}, P: &ordinary{I: 1, S: "x"},
	}, x)
}

func TestAPointerToItselfIsFound(t *testing.T) {
	type self *self
	var p self
	p = &p
	_, err := nodejson.Append(nil, p)
	require.ErrorIs(t, err, nodejson.ErrCycle)

	require.NoError(t, nodejson.Unmarshal([]byte(`null`), new(self)))
}

// ordinaries generates values, and texts that are like what they are encoded to.
func ordinaries(depth int) *rapid.Generator[ordinary] {
	return rapid.Custom(func(t *rapid.T) ordinary {
		o := ordinary{
			B: rapid.Bool().Draw(t, "B"),
			I: rapid.Int().Draw(t, "I"),
			J: level(rapid.Int8().Draw(t, "J")),
			U: rapid.Uint16().Draw(t, "U"),
			V: rapid.Uint64().Draw(t, "V"),
			F: rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), math.Copysign(0, -1), 1e21, 1e-7, 0.1})).Draw(t, "F"),
			D: time.Duration(rapid.Int64().Draw(t, "D")),
			S: rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"\xed\xa0\x80", "\xff", "\u2028<&>", "\"\\\x00\x7f"})).Draw(t, "S"),
			W: word(rapid.String().Draw(t, "W")),
			M: rapid.MapOf(rapid.String(), rapid.Int()).Draw(t, "M"),

			own: 1, // is written by nobody
		}
		o.SS = rapid.SliceOf(rapid.String()).Draw(t, "SS")
		if depth > 0 {
			inner := ordinaries(depth - 1)
			o.P = rapid.Ptr(inner, true).Draw(t, "P")
			o.L = rapid.SliceOfN(inner, 0, 2).Draw(t, "L")
			o.N = rapid.MapOfN(rapid.Map(rapid.String(), func(s string) word { return word(s) }), rapid.Ptr(inner, true), 0, 2).Draw(t, "N")
			o.A = rapid.SampledFrom([]any{nil, true, 1.5, "x", []any{1.0, nil}, map[string]any{"k": "v"}, o.L, o.P, o.SS}).Draw(t, "A")
			o.O = map[string]any{"a": o.A}
		}
		return o
	})
}

func TestPlansAndTheLibraryAreOfOneMind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := ordinaries(2).Draw(t, "v")
		want, err := nodejson.AppendByLibrary(v)
		require.NoError(t, err)
		got, err := nodejson.Append(nil, v)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))

		// Cut or changed somewhere it is mostly no JSON, or does not fit.
		if at := rapid.IntRange(0, 2*len(got)).Draw(t, "at"); at < len(got) {
			got[at] = rapid.SampledFrom([]byte(`"\{}[]:,0-.eEntfx`)).Draw(t, "byte")
		}
		requireOneMind(t, got)
	})
}

// FuzzPlan has plans and the library read the same text.
func FuzzPlan(f *testing.F) {
	f.Add([]byte(`{"i":1,"l":[{"s":"x"}],"m":{"a":1},"p":{"q":2},"a":[null]}`))
	f.Add([]byte(`{"I":1,"i":2,"\u0069":3,"d":1e3,"t":{"x":"y"},"q":null}`))
	f.Fuzz(func(t *testing.T, p []byte) { requireOneMind(t, p) })
}

func requireOneMind(t require.TestingT, p []byte) {
	var byLibrary, byPlan ordinary
	wantErr := nodejson.UnmarshalByLibrary(p, &byLibrary)
	err := nodejson.Unmarshal(p, &byPlan)
	require.Equal(t, wantErr == nil, err == nil, "library: %v, plan: %v, %q", wantErr, err, p)
	require.Equal(t, byLibrary, byPlan, "%q", p)
}
