// Package conformance makes childprocess/CONFORMANCE.md: which behaviours of Node's child_process
// and of its peers the tests of this repository check. It reads the tests, so the page cannot
// promise more than they do.
//
// A test names the behaviours that it checks in the last lines of its comment:
//
//	//brood:checks N062 S053
//	func TestTheKillSignalIsNamed(t *testing.T) {
//
// A behaviour that no test checks has its reason in left.go. The package's own test fails when
// page, tests and reasons do not fit together.
package conformance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Page is the path of the page, from the root of the module.
const Page = "childprocess/CONFORMANCE.md"

// A Behaviour is one promise of the library.
type Behaviour struct {
	ID   string // "N086", "S053", "W041"
	From string // tests of others that check it
	Text string // what it is, one sentence
}

// A Test names the behaviours that it checks.
type Test struct {
	IDs  []string
	Name string
	File string // from the root of the module, with slashes
}

// Check returns a sentence for each mistake: a behaviour that has neither a test nor a reason in
// left.go, or has both, and an ID without a behaviour.
func Check(tests []Test) []string {
	return mistakes(slices.Concat(nodeBehaviours, scenarios, workerBehaviours), tests, left)
}

func mistakes(behaviours []Behaviour, tests []Test, left map[string]string) []string {
	known := map[string]bool{}
	var found []string
	for _, b := range behaviours {
		if known[b.ID] {
			found = append(found, b.ID+" is there twice")
		}
		known[b.ID] = true
		checked := checking(tests, b.ID)
		switch _, reason := left[b.ID]; {
		case len(checked) == 0 && !reason:
			found = append(found, fmt.Sprintf("%s has neither a test that names it nor a reason in left.go", b.ID))
		case len(checked) > 0 && reason:
			found = append(found, fmt.Sprintf("%s is checked by %s in %s and still has a reason in left.go: delete that",
				b.ID, checked[0].Name, checked[0].File))
		}
	}
	for _, t := range tests {
		for _, id := range t.IDs {
			if !known[id] {
				found = append(found, fmt.Sprintf("%s in %s names %s, which is no behaviour", t.Name, t.File, id))
			}
		}
	}
	for id := range left {
		if !known[id] {
			found = append(found, fmt.Sprintf("left.go has a reason for %s, which is no behaviour", id))
		}
	}
	slices.Sort(found)
	return found
}

// checking returns the tests that name id, those of childprocess first.
func checking(tests []Test, id string) []Test {
	var found []Test
	for _, t := range tests {
		if slices.Contains(t.IDs, id) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b Test) int {
		rank := func(t Test) int {
			if strings.HasPrefix(t.File, "childprocess/") {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.File, b.File), cmp.Compare(a.Name, b.Name))
	})
	return found
}
