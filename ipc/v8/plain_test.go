package v8_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc/v8"
)

type (
	// plainAll is a plain type with a field of every kind.
	plainAll struct {
		plainBase
		*PlainMore
		A *plainAll            `json:"a"`
		B []plainAll           `json:"b"`
		C map[string]*plainAll `json:"c"`
		D map[plainName]float32
		E any
		F float32
		G []int8
		H [][]string
		I time.Time
		J **int
		K uint16
		L []byte
		M bool
		N int64
		O plainName
		P *string
	}
	plainBase struct{ Base int }
	PlainMore struct{ More string }
	plainName string
)

// decodeSlowly is Decode without the short way.
func decodeSlowly(p []byte, dst any) error {
	src, err := v8.Value(p)
	if err != nil {
		return err
	}
	return v8.DecodeValue(p, src, dst)
}

func TestPlainValuesAreDecodedTheShortWay(t *testing.T) {
	n, s := 7, "text"
	pn := &n
	full := plainAll{
		plainBase: plainBase{5}, PlainMore: &PlainMore{"möre"},
		A: &plainAll{F: 1.5, M: true}, B: []plainAll{{K: 3}, {N: -1 << 40}}, C: map[string]*plainAll{"0": {}, "x": {O: "名"}, "nil": nil},
		D: map[plainName]float32{"a": 2}, E: "any", F: 0.25, G: []int8{-1, 2}, H: [][]string{{"a"}, {}, nil},
		I: time.UnixMilli(1234567).UTC(), J: &pn, K: 65535, L: []byte{1, 2}, M: true, N: 1 << 53, O: "o", P: &s,
	}
	for _, want := range []plainAll{full, {}, {B: make([]plainAll, 1000)}} {
		p, err := v8.Append(nil, want)
		require.NoError(t, err)
		var got, slowly plainAll
		require.True(t, v8.DecodePlain(p, &got))
		require.NoError(t, decodeSlowly(p, &slowly))
		require.Equal(t, slowly, got)
		require.Equal(t, want, got)
	}
}

// These are left to Decode's rules, and the attempt leaves no trace.
func TestDecodePlainLeavesOtherVariablesAsTheyWere(t *testing.T) {
	shared := &plainAll{}
	for name, v := range map[string]any{
		"reference":      plainAll{A: shared, B: []plainAll{{A: shared}}},
		"unknown member": map[string]any{"F": 1.5, "Z": 1},
		"other case":     map[string]any{"f": 1.5},
		"too large":      map[string]any{"K": 1 << 20},
		"wrong type":     map[string]any{"K": 1, "M": "x"},
		"set":            map[string]any{"G": &v8.Set{}},
		"no object":      3,
	} {
		p, err := v8.Append(nil, v)
		require.NoError(t, err)
		var got plainAll
		require.False(t, v8.DecodePlain(p, &got), name)
		require.Equal(t, plainAll{}, got, name)
	}
	for _, dst := range []any{new(everything), new(func()), new(*v8.Object), new(v8.Float16), new([3]int), new(error)} {
		require.False(t, v8.DecodePlain(payload("5f"), dst), "%T", dst)
		require.True(t, reflect.ValueOf(dst).Elem().IsZero())
	}
}

// If DecodePlain reports true, Decode's rules give the same value. The memory is in proportion.
func FuzzDecodePlain(f *testing.F) {
	for _, v := range []any{plainAll{N: 1, A: &plainAll{M: true}}, map[string]any{"f": 1, "H": []any{"x", []any{}}}, []any{1.5, "x"}} {
		p, err := v8.Append(nil, v)
		require.NoError(f, err)
		f.Add(p)
	}
	for _, s := range samples {
		f.Add(payload("6f220145" + s.payload + "7b01"))
	}
	for _, c := range malformed {
		f.Add(fromHex(c.payload))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		var got, want plainAll
		var ok bool
		const element = 512 // bytes; each byte may be an element of a list of structs
		cost := allocated(func() { ok = v8.DecodePlain(p, &got) })
		require.LessOrEqual(t, cost, uint64((allocFactor+4*element)*len(p)+allocFree), "%x", p)
		if !ok {
			require.Equal(t, plainAll{}, got, "%x", p)
			return
		}
		require.NoError(t, decodeSlowly(p, &want), "%x", p)
		require.True(t, same(reflect.ValueOf(want), reflect.ValueOf(got)), "%x: %+v, %+v", p, want, got)
	})
}

// same is reflect.DeepEqual, except that NaN equals NaN.
func same(a, b reflect.Value) bool {
	pa, errA := v8.Append(nil, a.Interface())
	pb, errB := v8.Append(nil, b.Interface())
	return reflect.DeepEqual(a.Interface(), b.Interface()) || errA == nil && errB == nil && string(pa) == string(pb)
}
