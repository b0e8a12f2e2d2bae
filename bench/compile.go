package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// The peers in C and Rust are compiled from peers/ into compiledDir when they are first measured. A
// peer that does not compile is missing, and the compiler's first error is the reason.

// compiledDir returns the folder for compiled programs, and makes it if there is none.
func compiledDir() (string, error) {
	dir, err := filepath.Abs("../.cache/bench-peers/compiled")
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o755)
}

// compile compiles a source of peers/. If the same source was compiled before, it takes that
// program: every scenario is measured in a process of its own.
func compile(program, compiler, source string, args ...string) ([]string, error) {
	file, err := lookPeer(compiler)
	if err != nil {
		return nil, err
	}
	dir, err := compiledDir()
	if err != nil {
		return nil, err
	}
	args = append([]string{source}, args...)
	of, err := fingerprint(source, append([]string{file}, args...))
	if err != nil {
		return nil, err
	}
	out := filepath.Join(dir, program+"-"+of)
	if _, err := os.Stat(out); err == nil {
		return []string{out}, nil
	}
	if err := runCompiler(exec.Command(file, append(args, "-o", out)...)); err != nil {
		return nil, err
	}
	return []string{out}, nil
}

// fingerprint hashes everything that a program is made of: the command, and the sources below the
// folder of the compiled source.
func fingerprint(source string, command []string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, command)
	root := filepath.Dir(source)
	if filepath.Base(root) == "bin" {
		root = filepath.Dir(root) // In Rust the shared source is one folder up.
	}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Ext(name) != filepath.Ext(source) {
			return err
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
		return err
	})
	return fmt.Sprintf("%.6x", h.Sum(nil)), err
}

// runCompiler runs a command and returns its first error, in the compiler's words.
func runCompiler(cmd *exec.Cmd) error {
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, cmp.Or(string(errorLine.Find(said)), firstLine(said)))
	}
	return nil
}

func firstLine(said []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(said), []byte("\n"))
	return string(line)
}

// libuvProgram compiles peers/work_uv.c with the system's libuv.
var libuvProgram = sync.OnceValues(func() ([]string, error) {
	command, err := compile("work_uv", "cc", peerSource("work_uv.c"), "-O2", "-Wall", "-Werror", "-luv")
	if err != nil {
		return nil, err
	}
	return command, findVersion("libuv", command[0], "--version")
})

// rustProgram compiles peers/rust/src/bin/std.rs and src/work.rs, which both Rust programs share.
var rustProgram = sync.OnceValues(func() ([]string, error) {
	return compile("work_std", "rustc", peerSource("rust/src/bin/std.rs"), "--edition", "2021", "-O")
})

// tokioProgram builds peers/rust/src/bin/tokio.rs by cargo, with the crates that the system has as
// packages, see the configuration in peers/rust. It builds a copy, because cargo writes a lock file
// that names a registry.
var tokioProgram = sync.OnceValues(func() ([]string, error) {
	cargo, err := lookPeer("cargo")
	if err != nil {
		return nil, err
	}
	dir, err := compiledDir()
	if err != nil {
		return nil, err
	}
	copied := filepath.Join(dir, "rust")
	for _, name := range []string{"Cargo.toml", ".cargo/config.toml", "src/work.rs", "src/bin/tokio.rs", "src/bin/std.rs"} {
		text, err := os.ReadFile(peerSource("rust/" + name))
		if err != nil {
			return nil, err
		}
		to := filepath.Join(copied, name)
		if old, err := os.ReadFile(to); err == nil && bytes.Equal(old, text) {
			continue // Cargo would build again, because the file would be newer than the program.
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(to, text, 0o644); err != nil {
			return nil, err
		}
	}
	build := exec.Command(cargo, "build", "--release", "--offline", "--bin", "tokio")
	build.Dir = copied
	if err := runCompiler(build); err != nil {
		return nil, err
	}
	foundVersions["tokio"] = lockedVersion(filepath.Join(copied, "Cargo.lock"), "tokio")
	return []string{filepath.Join(copied, "target", "release", "tokio")}, nil
})

// lockedVersion returns the version of a crate in cargo's lock file, empty if it is not there.
func lockedVersion(lock, crate string) string {
	text, err := os.ReadFile(lock)
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(text), "name = \""+crate+"\"\nversion = \"")
	version, _, _ := strings.Cut(rest, "\"")
	return version
}
