package main

import "time"

// scriptIPC measures channels of scripts: with a parent in Go, by this library, and with a parent
// in the same runtime.
func scriptIPC(n func(int) int) (all []scenario) {
	const small = 32
	m := ipcText(small)
	apart := places()[len(places())-1]
	for _, at := range places() {
		count := n(1000)
		s := scriptChannels("ipc round trip, 32 B, "+at.name, "round trip", at, count, func(p ipcPair) time.Duration { return p.echo(count, m) })
		c := &s.contestants[s.index("Go to brood")]
		c.targets = []target{{"Go to node", 1}}
		c.because = "with a core for each, most of a round trip is the kernel waking the other core"
		all = append(all, s)
	}
	count := n(10_000)
	return append(all, scriptChannels("ipc one way, 32 B", "message", apart, count, func(p ipcPair) time.Duration { return p.source(count, m) }))
}

// scriptChannels returns a scenario with these two contestants for each runtime.
func scriptChannels(name, unit string, at place, n int, job func(ipcPair) time.Duration) scenario {
	s := scenario{name: "script " + name, unit: unit, ops: float64(n)}
	for _, r := range scriptRuntimes {
		c := at.pair("Go to "+r.name, job, func() ipcPair { return newScriptChild(r.command()...) })
		c.missing = r.missing
		s.contestants = append(s.contestants, c)
	}
	for _, r := range scriptRuntimes {
		c := at.pair(r.name+" to "+r.name, job, func() ipcPair { return newScriptPair("json", r.command()...) })
		c.missing, c.elsewhere = r.missing, true
		s.contestants = append(s.contestants, c)
	}
	return s
}
