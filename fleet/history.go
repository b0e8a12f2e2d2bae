package fleet

import (
	"context"
	"encoding/json"

	"github.com/nats-io/nats.go"
)

// history is the record that agents keep of a job in the bucket "try", because the server counts
// only deliveries, and not their outcome. It is written when an attempt does not succeed. A job
// that is done in its first attempt has none. A history is used on one goroutine.
type history struct {
	// of the job in its stream; if it differs, the history is of an earlier job with that id
	Seq       uint64 `json:"seq"`
	Delivered int    `json:"delivered"` // deliveries that the counts below cover
	Started   int    `json:"started"`   // latest delivery that was started
	Failures  int    `json:"failures"`
	Released  int    `json:"released"` // deliveries given back without a failure
	Lost      int    `json:"lost"`     // deliveries whose agent was lost

	Duplicates int `json:"duplicates"`
	LostLeases int `json:"lost_leases"`
}

// readHistory returns the history of the job, empty if there is none.
func (f *Fleet) readHistory(ctx context.Context, id jobID) (*history, error) {
	h := &history{}
	msg, err := f.last(ctx, "look at the attempts of", f.names.tries(), f.names.try(id))
	if err != nil || msg == nil {
		return h, err
	}
	if json.Unmarshal(msg.Data, h) != nil {
		*h = history{} // Only agents can write it, so this does not happen.
	}
	return h, nil
}

// countDelivery counts a new delivery of the job that is seq in its stream. An earlier delivery
// that was started and not counted was lost. Whether the first delivery was started is unknown: a
// machine that died may have taken the job by a pull without starting it. It counts as lost.
func (h *history) countDelivery(seq uint64, delivery int) {
	if h.Seq != seq {
		*h = history{Seq: seq}
	}
	if uncounted := delivery - 1 - h.Delivered; uncounted > 0 {
		if h.Started > h.Delivered || h.Delivered == 0 {
			h.Lost++
		}
		h.Delivered = delivery - 1
	}
}

// writeHistory stores the history. If an agent has lost the job, two agents may write. The last one
// wins, and its counts are those that it knew.
func (f *Fleet) writeHistory(ctx context.Context, id jobID, h *history) error {
	body, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, _, err = f.publish(ctx, "count an attempt of", &nats.Msg{Subject: f.names.try(id), Data: body})
	return err
}
