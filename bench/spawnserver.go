package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"time"
)

// A spawning server is a process of its own that has some descriptors open and starts children one
// at a time, each with three pipes and to its close. Its orders are the same in every language:
//
//	open COUNT    have that many descriptors open; the answer is COUNT
//	spawn COUNT   start that many children; the answer is the time in nanoseconds
//
// It starts one child before the first order, like a program that starts some before it has
// thousands of clients: with the first child a loop of brood reserves low descriptors for later
// ones.

// withOpenFiles returns a contestant that starts n children while a spawning server has that many
// descriptors open. Several contestants may share the server; any of them closes it.
func withOpenFiles(name string, s *server, open, n int) contestant {
	return contestant{
		name: name, elsewhere: true, close: s.close,
		setUp: func() (tearDown func()) {
			mustEqual(int(s.ask("open %d", open)), open)
			return func() {}
		},
		run: func() time.Duration { return time.Duration(s.ask("spawn %d", n)) },
	}
}

func broodServer() *server { return goServer("brood") }

func goServer(way string) *server {
	return &server{command: func(string) *exec.Cmd { return exec.Command(self(), "-child-spawn", way) }}
}

// spawnServer is a spawning server in Go.
func spawnServer(way string) {
	defer removeNop()
	spawn := func(n int) time.Duration { return execSpawn(n, 1) }
	if way == "brood" {
		l := newLoop()
		defer func() { check(l.Close()) }()
		spawn = func(n int) time.Duration { return broodSpawnOn(l, n, 1, nil) }
	}
	spawn(1)
	var open openFiles
	serve(func(order string, args []int) int64 {
		switch n := args[0]; order {
		case "open":
			open.resize(n)
			return int64(n)
		case "spawn":
			runtime.GC()
			return spawn(n).Nanoseconds()
		}
		panic(fmt.Sprintf("bench: order %q", order))
	})
}
