//go:build amd64 || arm64

package process_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const processPath = "github.com/brood-go/brood/internal/process"

// childFunctions are the functions that run between the clone and execve(2), with the symbols that
// each may refer to: functions of this package and variables without pointers.
var childFunctions = map[string][]string{
	"fork":         {"runtime.entersyscall", "runtime.exitsyscall", "setMask", "rawSyscall", "rawClone", "runChild", "allSignals"},
	"setMask":      {"rawSyscall"},
	"runChild":     {"rawSyscall", "closeFrom", "isAbsent", "isObstacle", "exit", "writeDecimal"},
	"exit":         {"rawSyscall"},
	"isAbsent":     nil,
	"isObstacle":   nil,
	"closeFrom":    {"rawSyscall", "decimal", "procSelfFD"},
	"decimal":      nil,
	"writeDecimal": nil,
	"replace":      {"runtime.entersyscall", "runtime.exitsyscall", "setMask", "rawSyscall", "makeCalls", "allSignals"},
	"makeCalls":    {"rawSyscall", "isAbsent", "isObstacle"},
}

const (
	// threadPointer is the symbol from which the compiler loads g after a call of a function
	// written in assembly.
	threadPointer = "TLS"

	// coverCounters begins the names of the counters of executed code.
	coverCounters = "goCover_"
)

// A compiled function is the compiler's description of it.
type compiled struct {
	nosplit  bool
	refers   []string // symbols
	indirect []string // instructions that call or jump to what a register says
}

var (
	functionLine   = regexp.MustCompile(`^(\S+) STEXT (.*)size=`)
	relocationLine = regexp.MustCompile(`^\trel \d+\+\d+ t=\S+ (\S+?)\+-?[0-9a-f]+$`)
	indirectLine   = regexp.MustCompile(`\t(CALL|JMP|BL|B)\t\(?([A-Z]+[0-9]*)\)?$`)
)

// compile returns the functions of a package by name, without the path of the package, which is cut
// from symbols, too.
//
// The flag -D, which means nothing to a package without relative imports, makes every compilation a
// new one. The build cache may have lost what the compiler printed and still have what it built,
// and then the go command prints nothing.
func compile(t *testing.T, dir, arch string, flags ...string) map[string]compiled {
	t.Helper()
	args := append([]string{"build", "-gcflags=-S -D=" + t.TempDir()}, flags...)
	cmd := exec.Command(goTool(t), append(args, dir)...)
	cmd.Env = append(os.Environ(), "GOARCH="+arch)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%v: %s", cmd.Args, out)
	functions := map[string]compiled{}
	path, name := "", ""
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		if m := functionLine.FindStringSubmatch(line); m != nil {
			path, name = m[1][:strings.LastIndexByte(m[1], '/')+1], m[1][strings.LastIndexByte(m[1], '/')+1:]
			if pkg, rest, ok := strings.Cut(name, "."); ok {
				path, name = path+pkg+".", rest
			}
			functions[name] = compiled{nosplit: strings.Contains(m[2], "nosplit")}
			continue
		}
		if line != "" && line[0] != '\t' {
			name = "" // This is data.
		}
		if name == "" {
			continue
		}
		f := functions[name]
		if m := relocationLine.FindStringSubmatch(line); m != nil {
			f.refers = append(f.refers, strings.TrimPrefix(m[1], path))
		} else if m := indirectLine.FindStringSubmatch(line); m != nil {
			f.indirect = append(f.indirect, m[0])
		}
		functions[name] = f
	}
	return functions
}

func goTool(t testing.TB) string {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command is not here to compile the package: ", err)
	}
	return tool
}

// objections returns the instructions that a function which runs in the child must not contain.
func (f compiled) objections(allowed []string) (found []string) {
	if !f.nosplit {
		found = append(found, "is not nosplit")
	}
	for _, symbol := range f.refers {
		if symbol != threadPointer && !strings.HasPrefix(symbol, coverCounters) && !slices.Contains(allowed, symbol) {
			found = append(found, "refers to "+symbol)
		}
	}
	for _, instruction := range f.indirect {
		found = append(found, "calls what a register says: "+strings.TrimSpace(instruction))
	}
	return found
}

// compilations are the architectures, and the flags that change the code.
var compilations = []struct {
	name, arch string
	flags      []string
}{
	{"amd64", "amd64", nil},
	{"arm64", "arm64", nil},
	{"amd64, race", "amd64", []string{"-race"}},
	{"amd64, cover", "amd64", []string{"-cover", "-covermode=set"}},
	{"amd64, pie", "amd64", []string{"-buildmode=pie"}},
}

// race reports whether the race detector can be built in.
func race(t testing.TB) bool {
	t.Helper()
	out, err := exec.Command(goTool(t), "list", "-race", "-f", "{{.ImportPath}}", "./testdata/forbidden").CombinedOutput()
	if err != nil {
		t.Logf("no race detector: %s", out)
	}
	return err == nil
}

func TestTheCodeOfTheChildMakesSystemCallsOnly(t *testing.T) {
	for _, c := range compilations {
		t.Run(c.name, func(t *testing.T) {
			if slices.Contains(c.flags, "-race") && !race(t) {
				t.Skip("the race detector is not here")
			}
			functions := compile(t, ".", c.arch, c.flags...)
			for name, allowed := range childFunctions {
				f, ok := functions[name]
				require.True(t, ok, "%s is not compiled", name)
				require.Empty(t, f.objections(allowed), name)
			}
			require.Contains(t, functions["fork"].refers, "runChild")
			require.Contains(t, functions["fork"].refers, "runtime.entersyscall")
		})
	}
}

func TestTheCheckOfTheCodeFindsWhatIsForbidden(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		functions := compile(t, "./testdata/forbidden", arch)
		for name, want := range map[string]string{
			"appends":         "refers to runtime.growslice",
			"indexes":         "refers to runtime.panic",
			"storesPointer":   "refers to runtime.gcWriteBarrier",
			"callsIndirectly": "calls what a register says",
			"splits":          "is not nosplit",
		} {
			require.Contains(t, fmt.Sprint(functions[name].objections(nil)), want, "%s on %s", name, arch)
		}
		require.Empty(t, functions["raced"].objections(nil), arch)
		require.Empty(t, functions["harmless"].objections(nil), arch)
	}
	if race(t) {
		functions := compile(t, "./testdata/forbidden", "amd64", "-race")
		require.Contains(t, fmt.Sprint(functions["raced"].objections(nil)), "refers to runtime.raceread")
		require.Empty(t, functions["harmless"].objections(nil))
	}
}

func TestTheForkIsLinkedWithoutOptimisation(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		cmd := exec.Command(goTool(t), "build", "-o", filepath.Join(t.TempDir(), "linked"), "-gcflags="+processPath+"=-N -l",
			"./testdata/linked")
		cmd.Env = append(os.Environ(), "GOARCH="+arch)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", arch, out)
	}
}

// Otherwise the child would return through a frame of the wrapper, which the parent still needs.
func TestTheCloneIsCalledWithoutAWrapper(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		file := filepath.Join(t.TempDir(), "linked")
		build := exec.Command(goTool(t), "build", "-o", file, "./testdata/linked")
		build.Env = append(os.Environ(), "GOARCH="+arch)
		out, err := build.CombinedOutput()
		require.NoError(t, err, "%s: %s", arch, out)
		code, err := exec.Command(goTool(t), "tool", "objdump", "-s", "process\\.fork$", file).CombinedOutput()
		require.NoError(t, err, "%s", code)
		calls := regexp.MustCompile(`\bCALL \S+rawClone\S*`).FindAllString(string(code), -1)
		require.Equal(t, []string{"CALL " + processPath + ".rawClone.abi0(SB)"}, calls, "%s: %s", arch, code)
	}
}
