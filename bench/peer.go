package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/brood-go/brood/bench/samples"
)

// findPeer returns the file of a program that may not be installed. The environment may name it, as
// in BROOD_BENCH_BUN. A program that `make bench-peers` has installed comes before one in PATH.
func findPeer(name string) (file string, ok bool) {
	file, err := lookPeer(name)
	return file, err == nil
}

func lookPeer(name string) (file string, err error) {
	pattern, fromNPM := npmPrograms[name]
	if fromNPM {
		found, err := filepath.Glob(filepath.Join(npmModules(), pattern))
		check(err)
		pattern = cmp.Or(append(found, "")...)
	}
	return exec.LookPath(cmp.Or(os.Getenv("BROOD_BENCH_"+strings.ToUpper(name)), pattern, name))
}

// npmPrograms has the places of the programs in packages from npm, which differ by system and
// architecture.
var npmPrograms = map[string]string{
	"node": "node-*/bin/node",
	"bun":  "@oven/bun-*/bin/bun",
	"deno": "@deno/*/deno",
}

// reportPeers prints and notes in the run which programs are missing. It remembers the versions of
// the others.
func reportPeers(run *samples.Run, names ...string) {
	for _, name := range names {
		file, err := lookPeer(name)
		if err == nil {
			err = findVersion(name, file, "--version")
		}
		if err != nil {
			reportMissingPeer(run, name, err)
		}
	}
}

func reportMissingPeer(run *samples.Run, name string, err error) {
	fmt.Fprintf(os.Stderr, "without %s: %v\n", name, err)
	run.Missing[name] = err.Error()
}
