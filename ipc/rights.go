package ipc

import "github.com/brood-go/brood/internal/fd"

// maxPendingRights is the most descriptors that wait for the rest of a frame. It is one, for a peer that
// keeps to the protocol; the others are for the frames behind it.
const maxPendingRights = 64

// rightsQueue has the descriptors that have come and whose frame has not. A descriptor comes with
// or before the last byte of its frame, so those left over when no frame is under way belong to
// none.
type rightsQueue struct{ fds []int }

func (q *rightsQueue) empty() bool { return len(q.fds) == 0 }

// add takes the descriptors out of a control message. All of them are closed when some are missing:
// which is not known.
func (q *rightsQueue) add(control []byte, truncated bool) {
	if len(control) == 0 {
		return
	}
	fd.EachRight(control, func(right int) {
		if truncated {
			fd.Close(right)
			return
		}
		q.fds = append(q.fds, right)
	})
}

// take returns the oldest descriptor, -1 if there is none. It is the caller's.
func (q *rightsQueue) take() int {
	if len(q.fds) == 0 {
		return -1
	}
	right := q.fds[0]
	q.fds = q.fds[1:]
	return right
}

// closeUnclaimed closes the descriptors that nobody can claim any more, and reports whether there were any.
func (q *rightsQueue) closeUnclaimed(partial bool) (closed bool) {
	keep := 0
	if partial {
		keep = min(len(q.fds), maxPendingRights)
	}
	if closed = len(q.fds) > keep; closed {
		fd.Close(q.fds[keep:]...)
		q.fds = q.fds[:keep]
	}
	if keep == 0 {
		q.fds = nil
	}
	return closed
}
