// Package journal lets tests note what happens, and check the order.
package journal

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Journal notes what happens, in order. The zero Journal is empty and ready.
//
// A Journal belongs to one goroutine, as a rule the loop's.
type Journal struct{ Entries []string }

// Add notes entry.
func (j *Journal) Add(entry string) { j.Entries = append(j.Entries, entry) }

// Note returns a callback that adds entry.
func (j *Journal) Note(entry string) func() { return func() { j.Add(entry) } }

// Wants checks the entries against a list written with spaces between, and forgets them.
func (j *Journal) Wants(t testing.TB, want string) {
	t.Helper()
	require.Equal(t, want, strings.Join(j.Entries, " "))
	j.Entries = nil
}
