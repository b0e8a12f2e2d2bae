package ipc

import "github.com/brood-go/brood/internal/fd"

// maxPendingRights is the number of descriptors that may wait for the rest of their frame. A peer
// that keeps to the protocol has one on its way; the others allow for the frames behind it.
const maxPendingRights = 64

// rightsQueue owns the received descriptors whose frame is not yet complete (SCM_RIGHTS, unix(7)).
// A descriptor comes with or before the last byte of its frame. So when no frame is incomplete, the
// descriptors left over belong to none.
type rightsQueue struct{ fds []int } // oldest first

func (q *rightsQueue) empty() bool { return len(q.fds) == 0 }

// add takes the descriptors out of a control message. If any were lost (MSG_CTRUNC) it closes all
// of them, because it cannot tell which.
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

// take returns the oldest descriptor, -1 if there is none. The caller owns it.
func (q *rightsQueue) take() int {
	if len(q.fds) == 0 {
		return -1
	}
	right := q.fds[0]
	q.fds = q.fds[1:]
	return right
}

// closeUnclaimed closes the descriptors that no frame can claim any more: all of them, or those
// past maxPendingRights if a frame is partial. It reports whether it closed any.
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
