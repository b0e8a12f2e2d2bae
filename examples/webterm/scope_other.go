//go:build !linux

package main

import "github.com/brood-go/brood/childprocess"

// scope is whom a hang-up reaches: where descendants cannot be found, the program's group. Its jobs
// are hung up by the terminal.
const scope = childprocess.ScopeAuto
