package v8_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc/v8"
)

func TestFloat16AsJavaScriptHasIt(t *testing.T) {
	// Bits and value, from ECMA-262 and IEEE 754.
	for bits, f := range map[v8.Float16]float64{
		0: 0, 1: 0x1p-24, 0x3FF: 0x1.FF8p-15, 0x400: 0x1p-14, 0x3C00: 1, 0x3C01: 1 + 0x1p-10, 0xC100: -2.5, 0x3555: 0x1.554p-2,
		0x7BFF: 65504, 0x7C00: math.Inf(1), 0xFC00: math.Inf(-1), 0x8001: -0x1p-24,
	} {
		require.Equal(t, f, bits.Float(), "%#x", bits)
		require.Equal(t, bits, v8.ToFloat16(f), "%v", f)
	}
	require.True(t, math.Signbit(v8.Float16(0x8000).Float()))
	require.EqualValues(t, 0x8000, v8.ToFloat16(math.Copysign(0, -1)))
	require.True(t, math.IsNaN(v8.Float16(0x7E01).Float()))
	require.True(t, math.IsNaN(v8.ToFloat16(math.NaN()).Float()))
	for f, want := range map[float64]float64{
		65519.999: 65504, 65520: math.Inf(1), -65520: math.Inf(-1), 1e300: math.Inf(1), 2049: 2048, 2051: 2052,
		0x1p-25: 0, 0x1.8p-25: 0x1p-24, 1e-300: 0, 0x1.FFFp-15: 0x1p-14, 0.1: 0x1.998p-4,
	} {
		require.Equal(t, want, v8.ToFloat16(f).Float(), f)
	}
	for bits := range 1 << 16 {
		if h := v8.Float16(bits); !math.IsNaN(h.Float()) {
			require.Equal(t, h, v8.ToFloat16(h.Float()))
		}
	}
}

func TestFloat16Arrays(t *testing.T) {
	array := v8.Float16Array{0x3C00, 0xC100}
	p, err := v8.Append(nil, []any{array, array})
	require.NoError(t, err)
	require.Equal(t, "\xff\x0fA\x02\\\x00\x0d\x04\x00\x3c\x00\xc1^\x01$\x00\x02", string(p))
	v, err := v8.Value(p)
	require.NoError(t, err)
	require.Equal(t, []any{array, array}, v)

	var floats [2][]float64
	require.NoError(t, v8.Decode(p, &floats))
	require.Equal(t, [2][]float64{{1, -2.5}, {1, -2.5}}, floats)

	// One of them alone is a number.
	p, err = v8.Append(nil, []v8.Float16{0x3C00, 0xC100})
	require.NoError(t, err)
	v, err = v8.Value(p)
	require.NoError(t, err)
	require.Equal(t, []any{1.0, -2.5}, v)
	p, err = v8.Append(nil, []any{1, -2.5, big.NewInt(2)})
	require.NoError(t, err)
	var halves []v8.Float16
	require.NoError(t, v8.Decode(p, &halves))
	require.Equal(t, []v8.Float16{0x3C00, 0xC100, 0x4000}, halves)
	p, err = v8.Append(nil, []any{"1"})
	require.NoError(t, err)
	require.Error(t, v8.Decode(p, &halves))
}

func TestUnknownViews(t *testing.T) {
	for name, c := range map[string]struct {
		payload string
		want    any
		writes  bool
	}{
		"of Node":              {"\xff\x0f\\\x00\x0e\x03abc", &v8.UnknownView{Type: 14, Data: []byte("abc")}, true},
		"of Node, empty":       {"\xff\x0f\\\x00\xff\x01\x00", &v8.UnknownView{Type: 255, Data: []byte{}}, true},
		"of V8, Float16Array":  {"\xff\x0fB\x04\x00\x3c\x00\xc1Vh\x02\x02\x00", v8.Float16Array{0xC100}, false},
		"of V8":                {"\xff\x0fB\x04abcdVz\x01\x02\x00", &v8.UnknownView{Letter: 'z', Data: []byte("bc")}, false},
		"of V8, an old format": {"\xff\x0dB\x04abcdVz\x01\x02", &v8.UnknownView{Letter: 'z', Data: []byte("bc")}, false},
	} {
		v, err := v8.Value([]byte(c.payload))
		require.NoError(t, err, name)
		require.Equal(t, c.want, v, name)
		if c.writes {
			p, err := v8.Append(nil, v)
			require.NoError(t, err)
			require.Equal(t, c.payload, string(p))
		}
		if u, ok := v.(*v8.UnknownView); ok {
			var data []byte
			require.NoError(t, v8.Decode([]byte(c.payload), &data))
			require.Equal(t, u.Data, data)
			if u.Letter != 0 {
				_, err = v8.Append(nil, v)
				require.Error(t, err)
			}
		}
	}
	for _, bad := range []string{"\xff\x0f\\\x00\x0e\x04abc", "\xff\x0fB\x04abcdVz\x03\x02\x00", "\xff\x0fB\x04abcdVz\x05\x00\x00",
		"\xff\x0fB\x04abcdV\x00\x01\x02\x00"} {
		_, err := v8.Value([]byte(bad))
		require.Error(t, err, "%q", bad)
	}
}
