package main

import "github.com/brood-go/brood/childprocess"

// scope is whom a hang-up reaches: also the jobs of a shell, which have groups of their own.
const scope = childprocess.ScopeTree
