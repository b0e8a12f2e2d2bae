package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// hashWorker is the name of the worker. It is started in the directory whose files it hashes.
const hashWorker = "hash"

var workers = childprocess.Workers{hashWorker: startHasher}

// reportPeriod is the time between two reports about one file. Most files are done before the first.
const reportPeriod = 100 * time.Millisecond

// A hasher is the inside of a worker. It hashes one file at a time, and the loop reads it, so that it sees at once when
// the parent has gone.
type hasher struct {
	loop   *reactor.Loop
	parent *ipc.Channel
	queue  []string

	source   *streams.Readable // the file that is being hashed; nil: none
	sum      hash.Hash         // of what was read of it
	err      error             // what went wrong with it
	reported time.Time
}

func startHasher(loop *reactor.Loop, parent *ipc.Channel, _ []string) error {
	// The key ^C sends it to every process of the terminal's foreground. It is the parent that ends its workers.
	signal.Ignore(syscall.SIGINT)
	h := &hasher{loop: loop, parent: parent, sum: sha256.New()}
	parent.OnMessage(h.accept)
	parent.OnDisconnect(h.stop)
	// The parent has gone, or talks nonsense: either way there is nobody to tell, and nothing to save.
	parent.OnError(func(error) { os.Exit(exitFailed) })
	return nil
}

func (h *hasher) accept(m *ipc.Message) {
	var t task
	if err := m.Decode(&t); err != nil {
		complain(err)
		os.Exit(exitFailed)
	}
	h.queue = append(h.queue, string(t.Path))
	if h.source == nil {
		h.next()
	}
}

// next begins the oldest file that can be opened.
func (h *hasher) next() {
	for h.source == nil && len(h.queue) > 0 {
		path := h.queue[0]
		h.queue = h.queue[1:]
		if err := h.open(filepath.FromSlash(path)); err != nil {
			h.send(answer{Error: err.Error()})
		}
	}
}

func (h *hasher) open(path string) error {
	fd, err := openRegular(path)
	if err != nil {
		return err
	}
	source, err := streams.NewReadable(h.loop, fd, nil)
	if err != nil {
		return errors.Join(err, unix.Close(fd))
	}
	h.sum.Reset()
	h.source, h.err, h.reported = source, nil, h.loop.Now()
	source.OnData(h.read)
	source.OnError(func(err error) { h.err = err })
	source.OnClose(h.finish)
	return nil
}

func (h *hasher) read(chunk []byte) {
	_, _ = h.sum.Write(chunk) // A hash returns no error.
	if now := h.loop.Now(); now.Sub(h.reported) >= reportPeriod {
		h.reported = now
		h.send(answer{Read: h.source.BytesRead()})
	}
}

// finish is called when the file is closed.
func (h *hasher) finish() {
	a := answer{Read: h.source.BytesRead()}
	if h.err != nil {
		a.Error = h.err.Error()
	} else {
		a.Sum = fmt.Sprintf("%x", h.sum.Sum(nil))
	}
	h.source = nil
	h.send(a)
	h.next()
}

// send never piles answers up: the parent has only so many files with a worker.
func (h *hasher) send(a answer) {
	// It fails when the parent has disconnected, which stop is told too.
	_ = h.parent.Send(a)
}

// stop lets the process end: nothing keeps the loop alive then.
func (h *hasher) stop() {
	h.queue = nil
	if h.source != nil {
		h.source.Destroy(nil)
	}
}

// openRegular opens a file for reading. What the walk saw as a regular file may have been replaced since: O_NONBLOCK
// keeps a FIFO from blocking the loop, O_NOFOLLOW keeps to the tree.
func openRegular(path string) (int, error) {
	for {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return -1, err
		}
		var st unix.Stat_t
		if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
			err = errors.New("is no longer a regular file")
		}
		if err != nil {
			return -1, errors.Join(err, unix.Close(fd))
		}
		return fd, nil
	}
}
