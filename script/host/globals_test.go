package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Reading a global makes it, and requiring a listed module loads it.
func TestAllListedGlobalsAndModulesExist(t *testing.T) {
	require.Equal(t, []string{""}, printed(t, `
		process.noDeprecation = true;
		for (const name of Object.getOwnPropertyNames(globalThis)) {
			try { globalThis[name]; } catch (error) { console.log(name, error.message); }
		}
		for (const name of require('module').builtinModules) {
			try { require(name); } catch (error) { console.log(name, error.code); }
		}`))
}
