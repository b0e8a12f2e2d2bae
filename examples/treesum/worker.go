package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// hashWorker is the name of the worker.
const hashWorker = "hash"

// workers are the roles that this program can have as a worker. main looks for one first.
var workers = childprocess.Workers{hashWorker: func(loop *reactor.Loop, parent *ipc.Channel, _ []string) error {
	h := &hasher{sha256.New(), make([]byte, readSize)}
	return pool.Serve(loop, parent, pool.Handlers{"": h.hash})
}}

// A task is a job for a worker: the path of a file. JSON carries text, and a path need not be text:
// as bytes it goes in base64 and arrives as it is.
type task []byte

// A sum is the answer.
type sum struct {
	Sum  string `json:"sum"`  // hexadecimal
	Read int64  `json:"read"` // bytes
}

// reportPeriod is the time between two reports about one file. Most files are done before the
// first.
const reportPeriod = 100 * time.Millisecond

// readSize is how much of a file is read at once, in bytes.
const readSize = 128 << 10

// A hasher is the inside of a worker, which has one job at a time: so one buffer does for all of
// them.
type hasher struct {
	sum hash.Hash
	buf []byte
}

// hash does one job, on a goroutine of its own. ctx ends when the job is cancelled.
func (h *hasher) hash(ctx context.Context, j *pool.Job) (any, error) {
	var path task
	if err := j.Decode(&path); err != nil {
		return nil, err
	}
	f, err := open(string(path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	read, reported := int64(0), time.Now()
	h.sum.Reset()
	for ctx.Err() == nil {
		n, err := f.Read(h.buf)
		_, _ = h.sum.Write(h.buf[:n]) // A hash returns no error.
		read += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			return sum{hex.EncodeToString(h.sum.Sum(nil)), read}, nil
		case err != nil:
			return nil, cause(err)
		case time.Since(reported) >= reportPeriod:
			reported = time.Now()
			_ = j.Progress(read) // It fails when the parent has gone, and then ctx ends.
		}
	}
	return nil, context.Cause(ctx)
}

// open opens a regular file. The file may have been replaced since the walk: O_NONBLOCK keeps a
// FIFO from blocking, O_NOFOLLOW keeps to the tree.
func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, cause(err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("is no longer a regular file")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// cause takes the path off an error: the parent knows it.
func cause(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}
