package v8_test

import (
	"errors"
	"math/big"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc/v8"
)

// Bytes that a payload may allocate: a factor for each of its bytes, and a constant. The factor is
// that of the worst payload, a long row of boxed booleans: each is one byte on the wire, and an
// object, an entry in a growing list and one in another list here.
const (
	allocFactor = 256
	allocFree   = 64 << 10
)

// everything has a place for values of all types, and for the same ones inside them.
type everything struct {
	A *everything
	B []everything
	C map[string]*everything
	D map[any]any
	E any
	F float32
	G [3]int8
	H []string
	I time.Time
	J *big.Int
	K map[int]bool
	L []byte
	M error
	N [][]*everything
}

// No payload makes Value panic or allocate memory out of proportion, and its result can be written
// and read again.
func FuzzValue(f *testing.F) {
	for _, s := range samples {
		f.Add(payload(s.payload))
	}
	for _, digits := range accepted {
		f.Add(fromHex(digits.payload))
	}
	for _, c := range malformed {
		f.Add(fromHex(c.payload))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		bound := uint64(allocFactor*len(p) + allocFree)
		var v any
		var err error
		cost := allocated(func() { v, err = v8.Value(p) })
		require.LessOrEqual(t, cost, bound, "%x", p)
		var into everything
		cost = allocated(func() { _ = v8.Decode(p, &into) })
		require.LessOrEqual(t, cost, 4*bound, "%x", p) // It holds other types than the payload's.
		if err != nil {
			_, ok := errors.AsType[*v8.FormatError](err)
			require.True(t, ok, "%v", err)
			return
		}
		again, err := v8.Append(nil, v)
		if _, refused := errors.AsType[*v8.UnsupportedValueError](err); refused || errors.Is(err, v8.ErrTooDeep) {
			// Node could not read it: flags u and v of a RegExp, an error in its own cause, deep
			// nesting.
			return
		}
		require.NoError(t, err)
		back, err := v8.Value(again)
		require.NoError(t, err, "%x, again %x", p, again)
		require.Equal(t, dump(v), dump(back), "%x, again %x", p, again)
	})
}

// allocated returns how many bytes fn allocates.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
