package main

import "time"

// becauseNewMemory is the reason, by a profile, for messages that are longer than the processor's
// caches: a third of the time of one of 64 MiB is copying and clearing.
const becauseNewMemory = "a long message is gathered in a buffer that is allocated, cleared and doubled as the message grows, and beyond the caches each pass over it waits for memory"

// messageSizes are 32 bytes to 64 MiB.
var messageSizes = []int{32, 1 << 10, 32 << 10, 1 << 20, 16 << 20, 64 << 20}

// messageGrowth sends longer and longer messages to a child. The time is that of one message. All
// runs have about the same number of bytes.
func messageGrowth() scenario {
	const bytes, most = 64 << 20, 20_000
	g := growth{name: "a message with its size", unit: "message", with: "bytes", ops: 1, sizes: messageSizes}
	count := func(size int) int { return max(1, min(most, bytes/size)) }
	apart := places()[len(places())-1]
	var pair *forkPair
	g.series = []series{{
		name: "brood", exponent: linear, because: becauseNewMemory,
		setUp: func(int) (tearDown func()) {
			if pair == nil {
				pair = newForkPair(0)
			}
			return apart.pin(pair)
		},
		run: func(size int) time.Duration {
			return pair.sink(count(size), ipcText(size)) / time.Duration(count(size))
		},
		close: func() { pair.close() },
	}}
	for _, name := range []string{"node", "bun", "deno"} {
		r := runtimeOf(name)
		var peer *scriptPair
		g.series = append(g.series, series{
			name: name, missing: r.missing,
			sizes: 4, // Longer ones would take seconds and show nothing new.
			setUp: func(int) (tearDown func()) {
				if peer == nil {
					peer = newScriptPair("json", r.command()...)
				}
				return apart.pin(peer)
			},
			run: func(size int) time.Duration {
				return peer.source(count(size), ipcText(size)) / time.Duration(count(size))
			},
			close: func() { peer.close() },
		})
	}
	return g.scenario()
}
