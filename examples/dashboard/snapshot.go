package main

import "encoding/json"

// A snapshot has everything that a page shows. Of the samples it has only those that the page does
// not have yet.
type snapshot struct {
	Boot        string   `json:"boot"`
	Period      float64  `json:"period"` // seconds from one sample to the next
	Uptime      float64  `json:"uptime"` // seconds
	Health      string   `json:"health"` // "": well
	Generation  int      `json:"generation"`
	Rate        int      `json:"rate"`
	Size        int      `json:"size"`
	Done        uint64   `json:"done"`
	Failed      uint64   `json:"failed"`
	Retried     uint64   `json:"retried"`
	Waiting     int      `json:"waiting"`
	Running     int      `json:"running"`
	Utilization float64  `json:"utilization"`
	Workers     []worker `json:"workers"`
	Exits       []exit   `json:"exits"`
	Samples     []sample `json:"samples"`
}

// A worker is a row of the page.
type worker struct {
	Number     int     `json:"number"`
	Pid        int     `json:"pid"`
	Generation int     `json:"generation"`
	State      string  `json:"state"`
	Busy       bool    `json:"busy"`
	Done       int     `json:"done"`
	Age        float64 `json:"age"`    // seconds
	Memory     int64   `json:"memory"` // bytes; 0: not known
	Line       string  `json:"line"`
}

// snapshot returns one as JSON for a page that has the samples up to seq of the run boot, and the
// number of the last sample.
func (b *board) snapshot(boot string, seq uint64) (text []byte, last uint64, err error) {
	s := b.pool.Stats()
	shown := snapshot{
		Boot: b.boot, Period: b.period.Seconds(), Uptime: s.Uptime.Seconds(), Health: b.health(), Generation: s.Generation,
		Rate: b.load.rate, Size: b.size, Done: s.Succeeded, Failed: s.Settled - s.Succeeded, Retried: s.Retried,
		Waiting: s.Waiting, Running: s.Running, Utilization: s.Utilization,
		Workers: []worker{}, Exits: b.exits, Samples: b.samplesAfter(boot, seq),
	}
	for _, w := range b.pool.Workers() {
		shown.Workers = append(shown.Workers, worker{
			w.Number, w.Pid, w.Generation, w.State, w.Jobs > 0, w.Done, w.Age.Seconds(), w.Memory, b.lines[w.Number],
		})
	}
	text, err = json.Marshal(shown)
	return text, b.seq, err
}
