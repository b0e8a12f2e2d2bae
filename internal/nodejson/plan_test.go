package nodejson_test

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/brood-go/brood/internal/nodejson"
)

type (
	word  string
	level int8
	blob  []byte
	octet byte

	// origin and Source are embedded in ordinary, place in origin.
	origin struct {
		place
		Host string `json:"host,omitempty"`
		I    string // hidden by the i of ordinary only if case does not count
	}
	Source struct {
		Line int       `json:"line"`
		Seen time.Time `json:"seen,omitzero"`
	}
	place  struct{ Row, Column uint8 }
	hidden struct{ Depth int }

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

		origin
		*Source
		*hidden                    // can be written but not read
		G       float32            `json:"g,omitempty"`
		H       [3]float32         `json:"h"`
		K       [2]*ordinary       `json:"k,omitzero"`
		R       [2][]string        `json:"r,omitzero"`
		X       [2]struct{ A any } `json:"x,omitempty"`
		X0      [0]int             `json:"x0,omitempty"`
		Y       []byte             `json:"y"`
		YB      blob               `json:"yb,omitempty"`
		YO      []octet            `json:"yo,omitempty"`
		Y4      [4]byte            `json:"y4"`
		Z       time.Time          `json:"z"`
		ZZ      []*time.Time       `json:"zz,omitempty"`
		ZM      map[word]time.Time `json:"zm,omitempty"`
		N1      json.Number        `json:"n1"`
		N2      []json.Number      `json:"n2,omitempty"`
		J1      json.RawMessage    `json:"j1"`
		J2      *json.RawMessage   `json:"j2,omitempty"`
		J3      []json.RawMessage  `json:"j3,omitempty"`
		I8      int8               `json:"i8,omitzero"`
		IL      int64              `json:"il"`
		UP      uintptr            `json:"up"`
	}
)

func TestPlansAreForOrdinaryTypes(t *testing.T) {
	for _, v := range []any{
		ordinary{}, &ordinary{}, []word{}, map[word]level{}, time.Second, new(any), struct{}{}, []byte{}, blob{}, []octet{}, [2]int{},
		[2]byte{}, float32(1), uintptr(1), time.Time{}, new(time.Time), struct{ T time.Time }{}, json.Number(""), map[json.Number]json.RawMessage{}, struct{ origin }{}, struct{ *hidden }{},
		struct {
			A string `json:"a,omitzero"`
		}{}, struct { // The names cancel each other out.
			place
			placeToo
		}{},
	} {
		require.True(t, nodejson.HasPlan(reflect.TypeOf(v)), "%T", v)
	}
	for _, v := range []any{
		[1]loud{}, []loudByte{},
		map[int]string{}, map[time.Month]string{}, map[loud]int{}, make(chan int), complex(1, 1), struct {
			A string `json:"a,string"`
		}{}, struct {
			A string `json:"ä"`
		}{}, []*everything{}, struct {
			place `json:"p"` // is not exported, and yet a member
		}{}, struct { // The methods of the two cancel each other out.
			time.Time
			loud
		}{}, struct {
			place
			origin // in another place
		}{}, time.Now,
	} {
		require.False(t, nodejson.HasPlan(reflect.TypeOf(v)), "%T", v)
	}
}

type (
	placeToo struct{ Row int }
	loudByte byte
)

func (loudByte) MarshalText() ([]byte, error) { return []byte("loud"), nil }

// A plan is not given up for a usual text.
func TestAPlanReadsUsualTexts(t *testing.T) {
	var got ordinary
	require.True(t, nodejson.ReadPlanned([]byte(` { "u" : 65535, "i":-7,"unknown":[{"x":"\u00e4"}],"s":"a\n\ud800",`+
		`"l":[{"i":1},{"i":2,"l":[]}],"a":{"k":[1]},"m":{"a":1,"b":2},"q":3,"p":{"f":0.5},"t":{"X":"x"},"ss":null,`+
		`"il":-9223372036854775808,"v":18446744073709551615,"host":"h","Row":3,"line":4,"g":0.1,"h":[1,2],"y4":[1,2,3,4,5],`+
		`"y":"aGk=","z":"2026-01-02T03:04:05.6+07:00","zz":["2026-01-02T03:04:05Z",null],"o":{"a":{}},"r":[["x"]]} `), &got))
	three := 3
	q := &three
	require.Equal(t, ordinary{
		U: 65535, I: -7, S: "a\n\xed\xa0\x80", L: []ordinary{{I: 1}, {I: 2, L: []ordinary{}}}, A: map[string]any{"k": []any{1.0}},
		M: map[string]int{"a": 1, "b": 2}, Q: &q, P: &ordinary{F: 0.5}, T: struct{ X, Y word }{X: "x"},
		IL: math.MinInt64, V: math.MaxUint64, origin: origin{Host: "h", place: place{Row: 3}}, Source: &Source{Line: 4}, G: 0.1,
		H: [3]float32{1, 2}, Y4: [4]byte{1, 2, 3, 4}, Y: []byte("hi"), Z: at("2026-01-02T03:04:05.6+07:00"),
		ZZ: []*time.Time{new(at("2026-01-02T03:04:05Z")), nil}, O: map[string]any{"a": map[string]any{}}, R: [2][]string{{"x"}},
	}, got)
}

// at returns the time of a text.
func at(text string) (at time.Time) {
	if err := at.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return at
}

// A text that a plan gives up is left to the library, and the parts that were read before leave no
// trace.
func TestTheLibraryReadsTextsThatAPlanGivesUp(t *testing.T) {
	for _, text := range []string{
		`{"S":"x","i":1}`, `{"ſ":"long s"}`, `{"\u0073":"x"}`, `{"l":[{"i":1,"s":"x"}],"l":[{"s":"y"}]}`, `{"m":{"a":1},"m":{"b":2}}`,
		`{"m":{"a":1,"a":2}}`, `{"n":{"a":{"i":1},"a":{"s":"x"}}}`, `{"p":{"i":1},"p":{"s":"x"}}`, `{"p":{"i":1},"p":null}`,
		`{"i":1.5,"s":"x"}`, `{"s":"x","i":"1"}`, `{"j":128}`, `{"u":-1}`, `{"v":18446744073709551615}`, `{"i":1e3}`, `{"f":1e999}`,
		`{"i":01}`, `{"i":1`, `{"i":1}}`, `{"s":"x`, `{"s":nul}`, `{"b":truee}`, `{"m":{"\ud800":1}}`, `[]`, `null`, `"x"`, ``, `{"t":[]}`,
		`{"l":[1,{"i":2}]}`, `{"a":1,"a":null}`, `{"ss":["a"],"ss":[]}`, `{"i":1,"i":null}`,
		`{"il":9223372036854775808}`, `{"il":-9223372036854775809}`, `{"il":-0}`, `{"v":18446744073709551616}`, `{"v":99999999999999999999}`,
		`{"v":-0}`, `{"il":00}`, `{"il":-}`, `{"il":1.0}`, `{"i8":128}`, `{"i8":-128}`, `{"g":1e39}`, `{"g":1.00000005960464477539062}`,
		`{"h":[1,2,3],"h":[4]}`, `{"h":[1,2,3,"x",{]}`, `{"h":null}`, `{"k":[{"i":1}],"k":[{"s":"x"}]}`, `{"x":[{"a":1},{"A":2}],"x":[{}]}`,
		`{"x0":[1]}`, `{"y":"aGk"}`, `{"y":"aG\u006b="}`, `{"y":[104,105]}`, `{"y":"aGl="}`, `{"y":"!"}`, `{"y":"aGk=","y":""}`, `{"y":null}`,
		"{\"j1\":[\"\xff\"]}", `{"j1":null}`, `{"j1": [ -0 ] }`, `{"j2":null,"j1":1,"j1":2}`, `{"j3":[null,{"a":[}]}`, `{"j1":"\ud800"}`,
		`{"n1":"12"}`, `{"n1":"x"}`, `{"n1":1,"n1":null}`, `{"n1":-0}`, `{"n1":1e999}`, `{"n2":[1,""]}`,
		`{"y":"aGk=","y":null}`, `{"a":1,"a":null,"o":{"a":1},"o":null}`, `{"o":{"\ud800":{"\udfff":"\ud800"},"\ud83d\ude00":1}}`,
		`{"yo":"aGk="}`, `{"yo":[1,2]}`, `{"y4":"aGk="}`, `{"y4":[256]}`, `{"z":"2026-01-02"}`, `{"z":null}`, `{"z":5}`, `{"z":"2026-01-02T3:04:05Z"}`,
		`{"z":"2026-01-02T03:04:05Z","z":null}`, `{"z":"2026-01-02T03:04:05,5Z"}`, `{"z":"2026-01-02T03:04:05+25:00"}`, `{"z":"2026-01-02T03:04:05\u005a"}`,
		`{"line":null}`, `{"line":1,"seen":"2026-01-02T03:04:05Z"}`, `{"Depth":1}`, `{"Depth":null}`, `{"I":"x"}`, `{"row":1}`, `{"host":1}`, `{"ROW":1}`,
		`{"o":{"\ud800":1}}`, `{"o":{"a":{"x":1},"a":{"y":2}}}`, `{"o":{"a":1},"o":{"b":2}}`, "{\"o\":{\"\xff\":\"\xed\xa0\x80\"}}",
	} {
		var want, got ordinary
		wantErr := nodejson.DecodeByLibrary([]byte(text), &want)
		err := nodejson.Decode([]byte(text), &got)
		require.Equal(t, wantErr, err, text)
		require.Equal(t, want, got, text)
	}
}

// An object in a struct may be nested as deep for a plan as for the library, and no deeper.
func TestAPlanCountsLevelsAsTheLibraryDoes(t *testing.T) {
	const most = 10_000
	for _, name := range []string{"o", "a"} {
		for levels, fits := range map[int]bool{most - 1: true, most: false} { // One is the struct.
			text := []byte(`{"` + name + `":` + strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels) + "}")
			require.Equal(t, fits, nodejson.ReadPlanned(text, new(ordinary)), "%s, %d", name, levels)
			requireOneMind(t, text)
		}
	}
}

// Values that are there before count as in encoding/json.
func TestAValueInUseIsReadInto(t *testing.T) {
	x := ordinary{S: "old", L: []ordinary{{I: 1, S: "kept"}}, M: map[string]int{"old": 1}, P: &ordinary{I: 1}}
	require.NoError(t, nodejson.Decode([]byte(`{"i":2,"m":{"new":2},"p":{"s":"x"}}`), &x))
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

	require.NoError(t, nodejson.Decode([]byte(`null`), new(self)))
}

// ordinaries generates values, and texts similar to their JSON.
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

			own: 1, // never written
		}
		o.SS = rapid.SliceOf(rapid.String()).Draw(t, "SS")
		o.G = rapid.OneOf(rapid.Float32(), rapid.SampledFrom([]float32{float32(math.Inf(-1)), 1 << 24, 123456789, 1e-6, 1e-7, 1e21, 0.1})).Draw(t, "G")
		o.H[1] = rapid.Float32().Draw(t, "H")
		o.I8 = rapid.Int8().Draw(t, "I8")
		o.IL = rapid.Int64().Draw(t, "IL")
		o.UP = uintptr(rapid.Uint64().Draw(t, "UP"))
		o.Y = rapid.SliceOf(rapid.Byte()).Draw(t, "Y")
		o.YB = blob(rapid.SliceOf(rapid.Byte()).Draw(t, "YB"))
		o.YO = []octet{octet(o.I8)}
		copy(o.Y4[:], o.Y)
		o.R[1] = o.SS
		o.N1 = rapid.SampledFrom([]json.Number{"", "1", "-0", "1e-0", "-12.50e3", "0"}).Draw(t, "N1")
		o.J1 = rapid.SampledFrom(raws).Draw(t, "J1")
		o.J2 = rapid.Ptr(rapid.SampledFrom(raws), true).Draw(t, "J2")
		o.J3 = rapid.SliceOf(rapid.SampledFrom(raws)).Draw(t, "J3")
		if rapid.IntRange(0, 9).Draw(t, "no JSON") == 9 {
			o.N2 = []json.Number{rapid.SampledFrom([]json.Number{"x", "01", " 1", "1 ", "-", "NaN", "1"}).Draw(t, "N2")}
			o.J3 = append(o.J3, rapid.SampledFrom([]json.RawMessage{{}, []byte("{"), []byte("1 2"), []byte(" "), []byte("\"\n\""), []byte("\f1")}).Draw(t, "J3"))
		}
		o.Z = times().Draw(t, "Z")
		o.ZZ = rapid.SliceOf(rapid.Ptr(times(), true)).Draw(t, "ZZ")
		o.ZM = map[word]time.Time{o.W: o.Z}
		o.Host, o.Row = o.S, o.Y4[0]
		o.Source = rapid.Ptr(rapid.SampledFrom([]Source{{}, {Line: 1, Seen: o.Z}}), true).Draw(t, "Source")
		o.hidden = rapid.Ptr(rapid.Just(hidden{1}), true).Draw(t, "hidden")
		if depth > 0 {
			inner := ordinaries(depth - 1)
			o.P = rapid.Ptr(inner, true).Draw(t, "P")
			o.K[0] = o.P
			o.L = rapid.SliceOfN(inner, 0, 2).Draw(t, "L")
			o.N = rapid.MapOfN(rapid.Map(rapid.String(), func(s string) word { return word(s) }), rapid.Ptr(inner, true), 0, 2).Draw(t, "N")
			o.A = rapid.SampledFrom([]any{nil, true, 1.5, "x", []any{1.0, nil}, map[string]any{"k": "v"}, o.L, o.P, o.SS}).Draw(t, "A")
			o.O = map[string]any{"a": o.A}
		}
		return o
	})
}

// times generates times, some outside RFC 3339.
func times() *rapid.Generator[time.Time] {
	zones := []*time.Location{time.UTC, time.Local, time.FixedZone("", 5400), time.FixedZone("", -86399), time.FixedZone("", 25*3600)}
	return rapid.Custom(func(t *rapid.T) time.Time {
		seconds := rapid.OneOf(rapid.Int64Range(0, 1<<32), rapid.SampledFrom([]int64{-62135596800, -62167219201, 253402300799, 253402300800}))
		return time.Unix(seconds.Draw(t, "seconds"), int64(rapid.IntRange(0, 999_999_999).Draw(t, "nanoseconds"))).
			In(zones[rapid.SampledFrom([]int{0, 0, 0, 0, 1, 2, 2, 3, 4}).Draw(t, "zone")])
	})
}

// fitting has texts for the members of an ordinary; most fit. INNER stands for another ordinary.
var fitting = map[string][]string{
	"b": {"true", "false", "null"},
	"i": {"0", "-1", "9223372036854775807"}, "il": {"-9223372036854775808", "-0", "9223372036854775808"},
	"j": {"127", "-128", "128"}, "i8": {"5", "null"}, "u": {"65535", "65536"}, "up": {"18446744073709551615"},
	"v": {"18446744073709551615", "18446744073709551616", "10000000000000000000"}, "d": {"1000000000"}, "Row": {"255"}, "Column": {"0"},
	"f": {"0.1", "1e3", "-0", "9007199254740993", "1.5e300"}, "g": {"0.1", "16777217", "-1e-7", "3.5e38", "1.00000005960464477539062"},
	"h": {"[1,2,3]", "[0.5]", "[]", "[1,2,3,4]", "null"}, "x0": {"[]", "[1]"}, "y4": {"[1,2,3]", "[256]", `"aGk="`},
	"s": {`"x"`, `"\u0061\ud800"`, `"é"`, "\"\xff\"", "null"}, "W": {`"w"`}, "No": {"1"}, "own": {"1"}, "none": {"1", `["x",{}]`},
	"a": {"1", `{"x":[1]}`, "[]", "null", "INNER"}, "q": {"5", "null"}, "ss": {`["a", "b"]`, "[]", "[null]"}, "ii": {"[[1,2],[],null]", "[[0.5]]"},
	"p": {"INNER", "null"}, "l": {"[INNER,INNER]", "[]", "null"}, "k": {"[INNER,null]", "[null,INNER,INNER]"}, "t": {`{"X":"x","Y":"y"}`, `{"x":"x"}`},
	"m": {`{"a":1}`, "{}", `{"a":1,"a":2}`, `{"\u0061":1}`}, "n": {`{"a":INNER}`, `{"a":INNER,"b":null}`, `{"a":INNER,"a":INNER}`},
	"o": {`{"a":1,"b":[{}]}`, `{"a":INNER,"a":1}`, `{"\ud800":1}`, "null", "{}"}, "r": {`[["a"],null]`, "[[]]"}, "x": {`[{"A":1}]`, `[{"a":1}]`},
	"host": {`"h"`}, "I": {`"I"`}, "line": {"1", "null"}, "seen": {`"2026-01-02T03:04:05Z"`, "null"}, "Depth": {"1"},
	"y": {`"aGk="`, `""`, `"aGk"`, `"aGl="`, "null", "[1,2]"}, "yb": {`"aGk="`}, "yo": {`"aGk="`, `[1]`},
	"n1": {"1", "-0", "1e999", `"12"`, `"x"`, "null", "01"}, "n2": {"[1,2.50]"}, "j1": {` [ 1 , {"a":"\u0041 b"} ] `, "null", "-0", `"\ud800"`, "\"\xff\"", "INNER"},
	"j2": {"null", "1"}, "j3": {"[null,1,[ ]]"},
	"z":  {`"2026-01-02T03:04:05.678Z"`, `"2026-01-02T03:04:05+01:30"`, `"2026-02-30T03:04:05Z"`, `"2026-01-02T03:04:05+24:00"`, "null"},
	"zz": {`["2026-01-02T03:04:05Z",null]`}, "zm": {`{"a":"2026-01-02T03:04:05Z"}`},
	"I8": {"1"}, "HOST": {`"x"`}, `\u0073`: {`"x"`}, "ſ": {`"x"`},
}

// texts generates objects similar to an ordinary. A member may come twice or in capitals, and some
// values belong to another member.
func texts(depth int) *rapid.Generator[string] {
	names := slices.Sorted(maps.Keys(fitting))
	return rapid.Custom(func(t *rapid.T) string {
		var members []string
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 8).Draw(t, "names") {
			source := name
			if rapid.IntRange(0, 30).Draw(t, "wrong") == 30 {
				source = rapid.SampledFrom(names).Draw(t, "source")
			}
			value := rapid.SampledFrom(fitting[source]).Draw(t, "value")
			for strings.Contains(value, "INNER") {
				inner := "{}"
				if depth > 0 {
					inner = texts(depth-1).Draw(t, "inner")
				}
				value = strings.Replace(value, "INNER", inner, 1)
			}
			members = append(members, `"`+name+`":`+value)
		}
		return "{" + strings.Join(members, ",") + "}"
	})
}

func TestPlansAndTheLibraryReadTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { requireOneMind(t, []byte(texts(2).Draw(t, "text"))) })
}

var raws = []json.RawMessage{
	nil, []byte("null"), []byte(" { \"a\" :\n[1,\r\n\"\\u0041 \\\" b\"] }\t"), []byte("[-0, 1e-0, -0.5, -0e1, \"-0\"]"), []byte("-0"), []byte("\"\\ud800\\u2028<\u2028>\""),
	[]byte("\"\xff\""), []byte("[\"\xed\xa0\x80\"]"), []byte(`{"a":1,"a":{}}`), []byte("1e999"), []byte("[]"), []byte("\"  \""),
}

func TestPlansAndTheLibraryAreOfOneMind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := ordinaries(2).Draw(t, "v")
		want, wantErr := new(nodejson.Encoder).AppendByLibrary(nil, v)
		got, err := nodejson.Append(nil, v)
		require.Equal(t, wantErr == nil, err == nil, "library: %v, plan: %v", wantErr, err)
		require.Equal(t, string(want), string(got))
		if err != nil {
			return
		}
		byPointer, err := nodejson.Append(nil, &v)
		require.NoError(t, err)
		require.Equal(t, string(want), string(byPointer))

		// After a cut or a change most texts are no JSON, or do not fit.
		if at := rapid.IntRange(0, 2*len(got)).Draw(t, "at"); at < len(got) {
			got[at] = rapid.SampledFrom([]byte(`"\{}[]:,0-.eEntfx`)).Draw(t, "byte")
		}
		requireOneMind(t, got)
	})
}

// FuzzPlan makes plans and the library read the same text.
func FuzzPlan(f *testing.F) {
	f.Add([]byte(`{"i":1,"l":[{"s":"x"}],"m":{"a":1},"p":{"q":2},"a":[null]}`))
	f.Add([]byte(`{"il":-9223372036854775808,"v":18446744073709551615,"h":[1,2,3,4],"y":"aGk=","z":"2026-01-02T03:04:05.6+07:00"}`))
	f.Add([]byte(`{"Row":1,"line":2,"Depth":3,"host":"h","g":0.1,"y4":[1,2],"zz":[null],"o":{"a":{}},"k":[{"i":1}],"x":[{"A":1}]}`))
	f.Add([]byte(`{"I":1,"i":2,"\u0069":3,"d":1e3,"t":{"x":"y"},"q":null}`))
	f.Fuzz(func(t *testing.T, p []byte) { requireOneMind(t, p) })
}

func requireOneMind(t require.TestingT, p []byte) {
	var byLibrary, byPlan ordinary
	wantErr := nodejson.DecodeByLibrary(p, &byLibrary)
	err := nodejson.Decode(p, &byPlan)
	require.Equal(t, wantErr == nil, err == nil, "library: %v, plan: %v, %q", wantErr, err, p)
	require.Equal(t, byLibrary, byPlan, "%q", p)
}
