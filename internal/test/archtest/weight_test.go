package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxSpawnSync is the most that a program which only calls SpawnSync may be as go build makes it,
// in bytes. One that only calls os/exec is half of that.
const maxSpawnSync = 5_250_000

// notForSpawnSync are functions of parts that such a program does not use: messages, their formats,
// and a Logger. The variables of these packages are always linked.
var notForSpawnSync = regexp.MustCompile(`(^|/)(debug/elf\.|math/big\.\(\*Int\)|go-json-experiment/json\.(Marshal|Unmarshal)` +
	`|brood/ipc\.New$|brood/ipc/v8\.(Append|Decode|JSON)|brood/internal/nodejson\.\(\*|net\.\(\*(Dialer|Resolver|conn)\)` +
	`|log/slog\.\(\*(Logger|defaultHandler)\)|encoding/json\.(newTypeEncoder|\(\*encodeState\)))`)

// A program pays only for the parts that it uses. A table of functions, or the initial value of a
// variable, would have the linker keep parts that most programs do not use.
func TestAProgramThatOnlyRunsOthersIsSmall(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command is not here to build a program: ", err)
	}
	file := filepath.Join(t.TempDir(), "spawnsync")
	build := exec.Command(tool, "build", "-o", file, "./testdata/spawnsync")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%v: %s", build.Args, out)
	require.NoError(t, exec.Command(file, "/bin/sh", "-c", "exit 0").Run())

	symbols, err := exec.Command(tool, "tool", "nm", file).Output()
	require.NoError(t, err)
	functions := 0
	for line := range strings.Lines(string(symbols)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[1] != "T" && fields[1] != "t" {
			continue
		}
		functions++
		require.NotRegexp(t, notForSpawnSync, fields[2])
	}
	require.Greater(t, functions, 1000, "symbols of a Go program")

	info, err := os.Stat(file)
	require.NoError(t, err)
	require.LessOrEqual(t, info.Size(), int64(maxSpawnSync))
}
