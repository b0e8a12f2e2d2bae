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
	modules, err := lib.Modules()
	require.NoError(t, err)
	require.Equal(t, fresh, modules)
}
