package main

import (
	"errors"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// A pool hashes the files of a tree with a bounded number of children. Everything happens on the loop goroutine.
type pool struct {
	loop    *reactor.Loop
	tree    *tree
	limit   int // most children at once; less when the system has not enough for that
	queue   []*file
	running map[*job]struct{}
	fatal   error // why no further file was begun

	alive   int   // children now
	most    int   // children at once so far
	started int   // children so far
	done    int   // files hashed, or given up
	hashed  int   // files hashed
	bytes   int64 // read for the files that are done
	took    time.Duration
}

func newPool(loop *reactor.Loop, t *tree, limit int) *pool {
	p := &pool{loop: loop, tree: t, limit: limit, running: map[*job]struct{}{}}
	for i := range t.files {
		p.queue = append(p.queue, &t.files[i])
	}
	return p
}

// run hashes every file and returns when the last child is gone. What is wrong with a single file is in the tree.
func (p *pool) run(shown progress, stop *interrupt) error {
	start := time.Now()
	timer := p.loop.SetInterval(shown.period(), func() { shown.show(p.state()) })
	timer.Unref()
	p.fill()
	err := stop.during(p.loop, p.stop)
	timer.Stop()
	shown.finish()
	p.took = time.Since(start)
	return errors.Join(err, p.fatal)
}

// fill starts children while there is room and something to do.
func (p *pool) fill() {
	for len(p.queue) > 0 && len(p.running) < p.limit {
		f := p.queue[0]
		p.queue = p.queue[1:]
		j, err := p.start(f)
		if err != nil {
			p.settle(f, "", err)
			continue
		}
		p.running[j] = struct{}{}
		if j.child.Pid() != 0 {
			p.started++
			p.alive++
			p.most = max(p.most, p.alive)
		}
	}
}

// finished is called when a job's child and all its pipes are gone.
func (p *pool) finished(j *job, sum string, err error) {
	delete(p.running, j)
	if j.child.Pid() != 0 {
		p.alive--
	}
	p.bytes += j.source.BytesRead()
	p.settle(j.file, sum, err)
	p.fill()
}

// settle notes what has become of a file.
func (p *pool) settle(f *file, sum string, err error) {
	if exhausted(err) && len(p.running) > 0 {
		// There are enough descriptors and processes for the others, so for as many there will be.
		p.limit = len(p.running)
		p.queue = append(p.queue, f)
		return
	}
	if _, ok := errors.AsType[*childprocess.SpawnError](err); ok && p.fatal == nil {
		p.fatal = err // It would be the same for every other file.
		p.stop()
	}
	f.sum, f.err = sum, err
	p.done++
	if err == nil {
		p.hashed++
	}
}

// exhausted reports whether err is a limit on what can be had at once.
func exhausted(err error) bool {
	for _, limit := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EAGAIN} {
		if errors.Is(err, limit) {
			return true
		}
	}
	return false
}

// stop ends the children and begins no other. The loop ends once they are gone.
func (p *pool) stop() {
	p.queue = nil
	for j := range p.running {
		j.abort()
	}
}

// state is what a progress shows.
type state struct {
	done, running int
	bytes         int64
}

func (p *pool) state() state {
	s := state{done: p.done, running: len(p.running), bytes: p.bytes}
	for j := range p.running {
		s.bytes += j.source.BytesRead()
	}
	return s
}
