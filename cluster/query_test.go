package cluster_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/cluster"
)

// For any query there is either an error or a key of limited length.
func FuzzQuery(f *testing.F) {
	for _, v := range nonsense() {
		if p, err := json.Marshal(v); err == nil && len(p) < 1<<10 {
			f.Add(p)
		}
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		var in map[string]any
		if json.Unmarshal(p, &in) != nil {
			return
		}
		key, err := cluster.ParseQuery(in)
		if err != nil {
			return
		}
		require.NotEmpty(t, key)
		require.LessOrEqual(t, len(key), 4096+len(p))
		again, err := cluster.ParseQuery(in)
		require.NoError(t, err)
		require.Equal(t, key, again)
	})
}
