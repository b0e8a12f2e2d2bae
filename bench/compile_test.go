package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAPeerThatDoesNotCompileIsMissingWithTheReason(t *testing.T) {
	if _, err := lookPeer("cc"); err != nil {
		t.Skipf("there is no C compiler: %v", err)
	}
	source := filepath.Join(t.TempDir(), "broken.c")
	if err := os.WriteFile(source, []byte("#include <no_such_library.h>\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	command, err := compile("broken", "cc", source)
	if err == nil || !strings.Contains(err.Error(), "no_such_library.h") {
		t.Errorf("compiled as %q, %v", command, err)
	}
}

func TestAPeerWithoutItsCompilerIsMissing(t *testing.T) {
	t.Setenv("BROOD_BENCH_RUSTC", "/nowhere/rustc")
	if command, err := compile("broken", "rustc", "nowhere.rs"); err == nil {
		t.Errorf("compiled as %q", command)
	}
}

func TestLockedVersion(t *testing.T) {
	lock := filepath.Join(t.TempDir(), "Cargo.lock")
	text := "version = 4\n\n[[package]]\nname = \"mio\"\nversion = \"0.8.4\"\n\n[[package]]\nname = \"tokio\"\nversion = \"1.24.2\"\n"
	if err := os.WriteFile(lock, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := lockedVersion(lock, "tokio"); got != "1.24.2" {
		t.Errorf("tokio is %q", got)
	}
	if got := lockedVersion(lock, "hyper"); got != "" {
		t.Errorf("hyper is %q", got)
	}
}
