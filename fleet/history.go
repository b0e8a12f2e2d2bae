package fleet

import (
	"context"
	"encoding/json"

	"github.com/nats-io/nats.go"
)

// history is what agents keep of a job in the bucket "try": the server counts how often it gave a
// job out, but not what became of it. It is written when something goes wrong, and not for a job
// that is done in its first attempt.
type history struct {
	// of the job in its stream: another job with that id has another history
	Seq       uint64 `json:"seq"`
	Delivered int    `json:"delivered"` // how many deliveries the counts below are of
	Started   int    `json:"started"`   // the last delivery that was started
	Failures  int    `json:"failures"`
	Released  int    `json:"released"` // given back without a failure
	Lost      int    `json:"lost"`

	Duplicates int `json:"duplicates"`
	LostLeases int `json:"lost_leases"`
}

// readHistory returns that of the job, or an empty one.
func (f *Fleet) readHistory(ctx context.Context, id jobID) (*history, error) {
	h := &history{}
	msg, err := f.last(ctx, "look at the attempts of", f.names.tries(), f.names.try(id))
	if err != nil || msg == nil {
		return h, err
	}
	if json.Unmarshal(msg.Data, h) != nil {
		*h = history{} // Nobody but an agent can have written it.
	}
	return h, nil
}

// countDelivery accounts for a delivery of the job that is seq in its stream. What an earlier
// delivery left uncounted was lost, if it was started. Of the first one nobody knows: a pull of a
// machine that died takes a job without starting it.
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

// writeHistory stores the history. Two agents may have the job, when one has lost it; the last to
// write wins, and the counts are of what each of them knew.
func (f *Fleet) writeHistory(ctx context.Context, id jobID, h *history) error {
	body, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, _, err = f.publish(ctx, "count an attempt of", &nats.Msg{Subject: f.names.try(id), Data: body})
	return err
}
