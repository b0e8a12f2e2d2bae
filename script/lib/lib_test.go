package lib_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/lib"
)

func TestTheLibraryIsCompiledFromTheseFiles(t *testing.T) {
	fresh, err := lib.Compile(os.DirFS("."))
	require.NoError(t, err)
	committed, err := os.ReadFile("library.bin")
	require.NoError(t, err)
	require.True(t, string(lib.Bundle(fresh)) == string(committed), "library.bin is stale: run go generate ./lib")
	for name, code := range fresh {
		require.True(t, string(code) == lib.Module(name), name)
	}
	for _, name := range []string{"", "a", "fs0", "internal", "zzz"} {
		require.Empty(t, lib.Module(name), name)
	}
}
