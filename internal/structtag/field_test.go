package structtag_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/structtag"
)

type (
	point  struct{ X, Y int }
	shadow struct{ Y int }

	Named struct {
		Name string
		Size int `json:"size"`
	}

	tagged struct {
		Name string `json:"Name"`
	}

	deep struct{ middle }
	// middle has the same names as inner, less deep.
	middle struct {
		inner
		Near int
	}
	inner struct{ Near, Far int }

	ring struct {
		*ring //lint:ignore U1000 found by reflection
		A     int
	}

	word string

	zeroer interface{ IsZero() bool }
	odd    int   // Odd ones are zero.
	list   []int // One that begins with 0 is zero.
)

func (o *odd) IsZero() bool { return *o%2 == 1 }

func (l list) IsZero() bool { return len(l) > 0 && l[0] == 0 }

func everyStruct(reflect.Type) bool { return true }

func names(fields []structtag.Field) []string {
	list := []string{}
	for _, f := range fields {
		list = append(list, f.Name)
	}
	return list
}

// The members are those that encoding/json writes, in its order.
func TestFieldsAreThoseOfEncodingJSON(t *testing.T) {
	for _, v := range []any{
		point{}, struct{ point }{}, struct{ *Named }{&Named{}},
		struct {
			A, b int
			C    int `json:"-"`
			//lint:ignore SA5008 the odd tag is the test
			D int `json:"-,"`
			E int `json:"e,omitzero"`
			F int `json:"f,string"`
		}{E: 1, b: 1},
		struct {
			point
			shadow
			Z int
		}{},
		struct {
			Named
			tagged
		}{},
		struct {
			tagged
			Name string
		}{},
		struct {
			Named `json:"n"`
			point
		}{},
		struct {
			//lint:ignore SA5008 the odd tag is the test
			Named `json:",other"`
			X     int
			point
		}{},
		struct {
			deep
			Last int
		}{},
		struct {
			point
			inner struct{ Z int }
			Q     struct{ point }
		}{},
		ring{}, struct{ word }{}, struct{ Time time.Time }{},
	} {
		p, err := json.Marshal(v)
		require.NoError(t, err)
		want := []string{}
		dec := json.NewDecoder(strings.NewReader(string(p)))
		_, err = dec.Token()
		require.NoError(t, err)
		for dec.More() {
			key, err := dec.Token()
			require.NoError(t, err)
			want = append(want, key.(string))
			require.NoError(t, dec.Decode(new(json.RawMessage)))
		}
		require.Equal(t, want, names(structtag.Fields(reflect.TypeOf(v), everyStruct)), "%T", v)
	}
}

func TestOneThatDoesNotEmbedIsAFieldOfItsOwn(t *testing.T) {
	type all struct {
		Named
		point
		Z int
	}
	asked := map[reflect.Type]bool{}
	fields := structtag.Fields(reflect.TypeFor[all](), func(inner reflect.Type) bool {
		asked[inner] = true
		return false
	})
	require.Equal(t, []string{"Named", "Z"}, names(fields)) // point is not exported.
	require.ElementsMatch(t, []reflect.Type{reflect.TypeFor[Named](), reflect.TypeFor[point]()}, slices.Collect(maps.Keys(asked)))
}

func TestATagIsRead(t *testing.T) {
	for tag, want := range map[string]structtag.Tag{
		``:                             {},
		`json:"-"`:                     {Skip: true},
		`json:"-,"`:                    {Name: "-"},
		`json:",omitempty"`:            {OmitEmpty: true},
		`json:"a,omitzero,omitempty,"`: {Name: "a", OmitEmpty: true, OmitZero: true},
		`json:"a,string"`:              {Name: "a", Other: true},
		`xml:"b" json:"a"`:             {Name: "a"},
	} {
		require.Equal(t, want, structtag.Parse(reflect.StructField{Tag: reflect.StructTag(tag)}), tag)
	}
}

func TestFieldsAreReachedThroughEmbeddedPointers(t *testing.T) {
	type exported struct{ *Named }
	far := &structtag.Fields(reflect.TypeFor[exported](), everyStruct)[1]
	var v exported
	_, ok := far.In(reflect.ValueOf(v))
	require.False(t, ok)
	field, ok := far.Make(reflect.ValueOf(&v).Elem())
	require.True(t, ok)
	field.SetInt(7)
	require.Equal(t, exported{&Named{Size: 7}}, v)
	field, ok = far.In(reflect.ValueOf(v))
	require.True(t, ok)
	require.EqualValues(t, 7, field.Int())

	type hidden struct{ *point }
	var w hidden
	field, ok = (&structtag.Fields(reflect.TypeFor[hidden](), everyStruct)[0]).Make(reflect.ValueOf(&w).Elem())
	require.False(t, ok)
	require.Equal(t, reflect.TypeFor[*point](), field.Type())
}

// The omitted fields are those that encoding/json omits.
func TestFieldsAreOmittedAsByEncodingJSON(t *testing.T) {
	type all struct {
		A []int          `json:",omitempty"`
		B map[string]int `json:",omitempty"`
		C [0]int         `json:",omitempty"`
		E *point         `json:",omitempty"`
		F float64        `json:",omitempty"`
		G any            `json:",omitempty"`
		I time.Time      `json:",omitzero"`
		J *time.Time     `json:",omitzero"`
		K point          `json:",omitzero"`
		L []int          `json:",omitzero"`
		M string         `json:",omitempty"`
		N bool
		O any    `json:",omitzero"`
		P zeroer `json:",omitzero"`
		Q odd    `json:",omitzero"`
		R []odd  `json:",omitzero"`
		S list   `json:",omitzero"`
	}
	for _, v := range []all{
		{}, {A: []int{}, B: map[string]int{}, E: &point{}, G: 0, I: time.Unix(0, 0), J: new(time.Time), L: []int{}},
		{A: []int{1}, F: 1, J: new(time.Now()), K: point{1, 0}, M: "x", I: time.Time{}.Local()},
		{O: time.Time{}, P: time.Time{}, Q: 1, R: []odd{}, S: list{0}}, {P: (*time.Time)(nil), Q: 2}, {P: time.Now(), S: list{1}},
	} {
		p, err := json.Marshal(v)
		require.NoError(t, err)
		members := map[string]any{}
		require.NoError(t, json.Unmarshal(p, &members))
		for _, f := range structtag.Fields(reflect.TypeFor[all](), everyStruct) {
			_, there := members[f.Name]
			for _, all := range []reflect.Value{reflect.ValueOf(v), reflect.ValueOf(&v).Elem()} {
				value, _ := f.In(all)
				require.Equal(t, there, !f.Omits(value), "%s of %+v", f.Name, v)
			}
		}
	}
}

// The option omitempty of a struct has no effect, but is no error.
func TestAStructIsNeverEmpty(t *testing.T) {
	all := reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[time.Time](), Tag: `json:",omitempty"`}})
	f := structtag.Fields(all, everyStruct)[0]
	require.True(t, f.Tag.OmitEmpty)
	require.False(t, f.Omits(reflect.Zero(f.Type)))
}
