//go:build !race

package v8_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc/v8"
)

// The race detector allocates on its own account, so this file is not built with it.

// A message allocates the variable, its text and its slice as it grows, and the name of each
// record. Writing allocates the list of objects with ids.
func TestPlainMessagesTakeNoMemoryButTheirOwn(t *testing.T) {
	for _, m := range benchMessages {
		p, err := v8.Append(nil, m.value)
		require.NoError(t, err)
		rows := float64(len(m.value.Rows))
		list := 0.0
		if rows > 0 {
			list = 2 // The slice, and reflect.MakeSlice.
		}
		for n := 64.0; n < rows; n *= 2 {
			list++
		}
		decode := func() { _ = v8.Decode(p, new(benchMessage)) }
		require.LessOrEqual(t, testing.AllocsPerRun(20, decode), 2+rows+list, m.name)
		buf := make([]byte, 0, 2*len(p))
		encode := func() { _, _ = v8.Append(buf, m.value) }
		require.LessOrEqual(t, testing.AllocsPerRun(20, encode), 3.0, m.name)
	}
}
