package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// hashWorker is the name of the worker. It is started in the directory whose files it hashes.
const hashWorker = "hash"

var workers = childprocess.Workers{hashWorker: serveHasher}

// reportPeriod is the time between two reports about one file. Most files are done before the first.
const reportPeriod = 100 * time.Millisecond

// A hasher is the inside of a worker. It hashes one file at a time, and the loop reads it: so it hears its parent meanwhile, and
// a small file is not handed from one thread to another.
type hasher struct {
	loop *reactor.Loop
	sum  hash.Hash
}

func serveHasher(loop *reactor.Loop, parent *ipc.Channel, _ []string) error {
	h := &hasher{loop, sha256.New()}
	// A parent that has gone has no use for the file under way.
	return pool.ServeWith(loop, parent, pool.Handlers{"": h.hash}, &pool.ServeOptions{Async: true, Grace: time.Millisecond})
}

func (h *hasher) hash(ctx context.Context, j *pool.Job) (any, error) {
	var path task
	if err := j.Decode(&path); err != nil {
		return nil, err
	}
	source, err := h.open(filepath.FromSlash(string(path)))
	if err != nil {
		return nil, err
	}
	h.sum.Reset()
	reported := h.loop.Now()
	source.OnData(func(chunk []byte) {
		_, _ = h.sum.Write(chunk) // A hash returns no error.
		if now := h.loop.Now(); now.Sub(reported) >= reportPeriod {
			reported = now
			_ = j.Progress(source.BytesRead()) // It fails when the parent has gone.
		}
		if ctx.Err() != nil {
			source.Destroy(context.Cause(ctx))
		}
	})
	source.OnError(func(e error) { err = e })
	answer := j.Later()
	source.OnClose(func() { answer(sum{hex.EncodeToString(h.sum.Sum(nil)), source.BytesRead()}, err) })
	return nil, nil
}

// open opens a file for reading. What the walk saw as a regular file may have been replaced since: O_NONBLOCK keeps a FIFO
// from blocking the loop, O_NOFOLLOW keeps to the tree.
func (h *hasher) open(path string) (*streams.Readable, error) {
	fd, err := -1, error(unix.EINTR)
	for err == unix.EINTR {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	}
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = errors.New("is no longer a regular file")
	}
	var source *streams.Readable
	if err == nil {
		source, err = streams.NewReadable(h.loop, fd, nil)
	}
	if err == nil {
		return source, nil
	}
	return nil, errors.Join(err, unix.Close(fd))
}
