package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// findPeer returns the file of a program that may not be installed. The environment may say where it is, as in
// BROOD_BENCH_BUN.
func findPeer(name string) (file string, ok bool) {
	file, err := lookPeer(name)
	return file, err == nil
}

func lookPeer(name string) (file string, err error) {
	return exec.LookPath(cmp.Or(os.Getenv("BROOD_BENCH_"+strings.ToUpper(name)), name))
}

// reportMissing says which peers are left out.
func reportMissing(names ...string) {
	for _, name := range names {
		if _, err := lookPeer(name); err != nil {
			fmt.Fprintf(os.Stderr, "without %s: %v\n", name, err)
		}
	}
}
