package main

import (
	"slices"
	"time"
)

// A sample is how the pool did for a period.
type sample struct {
	Seq     uint64     `json:"seq"`
	Done    float64    `json:"done"` // jobs a second
	Failed  uint64     `json:"failed"`
	Waiting int        `json:"waiting"`
	Running int        `json:"running"`
	Ran     [2]float64 `json:"ran"` // p50 and p99, ms
	Waited  [2]float64 `json:"waited"`
}

// sample takes one.
func (b *board) sample() {
	now, s := b.loop.Now(), b.pool.Stats()
	b.seq++
	b.samples = append(b.samples, sample{
		Seq: b.seq, Done: float64(s.Succeeded-b.before.Succeeded) / max(now.Sub(b.sampled), time.Millisecond).Seconds(),
		Failed: (s.Settled - s.Succeeded) - (b.before.Settled - b.before.Succeeded), Waiting: s.Waiting, Running: s.Running,
		Ran: b.ran.take(), Waited: b.waited.take(),
	})
	b.samples = b.samples[max(0, len(b.samples)-mostSamples):]
	b.sampled, b.before = now, s
}

// samplesAfter returns those that are newer than number seq of the run that is called boot.
func (b *board) samplesAfter(boot string, seq uint64) []sample {
	if boot != b.boot {
		seq = 0
	}
	i, _ := slices.BinarySearchFunc(b.samples, seq+1, func(s sample, seq uint64) int { return int(s.Seq) - int(seq) })
	return b.samples[i:]
}

// durations of jobs. They are bounded by the rate of the load.
type durations []time.Duration

func (d *durations) add(v time.Duration) { *d = append(*d, v) }

// take returns p50 and p99 in milliseconds, 0 of nothing, and forgets all.
func (d *durations) take() (p [2]float64) {
	if n := len(*d); n > 0 {
		slices.Sort(*d)
		for i, at := range [...]int{n / 2, n * 99 / 100} {
			p[i] = float64((*d)[at].Microseconds()) / 1000
		}
		*d = (*d)[:0]
	}
	return p
}
