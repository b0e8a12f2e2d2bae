package main

import "fmt"

// growthMost is the most descriptors that are opened to see whether a child costs more with them.
const growthMost = 20_000

// spawnAmongFiles compares brood with itself: what a child costs must not grow with the descriptors that are open.
func spawnAmongFiles(n int) scenario {
	open := min(12_000, mostOpenFiles())
	s := broodServer()
	few := having("brood", s, 0, n)
	many := having(fmt.Sprintf("brood, %d open descriptors", open), s, open, n)
	many.targets = []target{{few.name, 1.3}}
	return scenario{
		name: "spawn to close, many open descriptors", unit: "child", ops: float64(n), rounds: spawnRounds,
		contestants: []contestant{few, many},
	}
}
