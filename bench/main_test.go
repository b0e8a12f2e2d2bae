package main

import (
	"os"
	"testing"

	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) {
	if runChild() {
		return
	}
	code := leakcheck.Main(m)
	removeNop()
	os.Exit(code)
}
