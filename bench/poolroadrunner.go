package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/roadrunner-server/goridge/v3/pkg/frame"
	"github.com/roadrunner-server/goridge/v3/pkg/pipe"
	rrpipe "github.com/roadrunner-server/pool/ipc/pipe"
	"github.com/roadrunner-server/pool/payload"
	rr "github.com/roadrunner-server/pool/pool"
	"github.com/roadrunner-server/pool/pool/static_pool"
	"go.uber.org/zap"
)

// roadRunnerPool is RoadRunner's pool with workers in Go, which pass frames over pipes as its PHP
// workers do. A worker has one job at a time, and each job under way has a goroutine.
type roadRunnerPool struct{ pool *static_pool.Pool }

func newRoadRunner() poolPeer {
	command := func([]string) *exec.Cmd { return exec.Command(self(), "-child-pool", "roadrunner") }
	log := zap.NewNop()
	p, err := static_pool.NewPool(context.Background(), command, rrpipe.NewPipeFactory(log), &rr.Config{NumWorkers: poolWorkers}, log)
	check(err)
	return &roadRunnerPool{p}
}

func (p *roadRunnerPool) echo(n int, load poolLoad) time.Duration {
	var left atomic.Int64
	left.Store(int64(n))
	var all sync.WaitGroup
	start := time.Now()
	for range min(load.all, n) {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				p.exec()
			}
		})
	}
	all.Wait()
	return time.Since(start)
}

// exec does one job.
func (p *roadRunnerPool) exec() {
	job, err := json.Marshal(poolText)
	check(err)
	answers, err := p.pool.Exec(context.Background(), &payload.Payload{Body: job, Codec: frame.CodecJSON}, nil)
	check(err)
	answer := <-answers
	check(answer.Error())
	var text string
	check(json.Unmarshal(answer.Body(), &text))
	mustEcho(text)
}

func (p *roadRunnerPool) close() { p.pool.Destroy(context.Background()) }

// roadRunnerChild is a worker of RoadRunner's pool.
func roadRunnerChild() {
	relay := pipe.NewPipeRelay(os.Stdin, os.Stdout)
	send := func(context int, body []byte, flags ...byte) {
		f := frame.NewFrame()
		f.WriteVersion(f.Header(), frame.Version1)
		f.WriteFlags(f.Header(), flags...)
		if context >= 0 {
			f.WriteOptions(f.HeaderPtr(), uint32(context))
		}
		f.WritePayloadLen(f.Header(), uint32(len(body)))
		f.WritePayload(body)
		f.WriteCRC(f.Header())
		check(relay.Send(f))
	}
	for {
		f := frame.NewFrame()
		if err := relay.Receive(f); err != nil {
			if err != io.EOF {
				fmt.Fprintln(os.Stderr, "bench: roadrunner worker:", err)
			}
			return
		}
		if f.ReadFlags()&frame.CONTROL != 0 {
			var order struct{ Stop bool }
			check(json.Unmarshal(f.Payload(), &order))
			if order.Stop {
				return
			}
			send(-1, fmt.Appendf(nil, `{"pid":%d}`, os.Getpid()), frame.CONTROL, frame.CodecJSON)
			continue
		}
		var text string
		check(json.Unmarshal(f.Payload(), &text))
		body, err := json.Marshal(text)
		check(err)
		send(0, body, frame.CodecJSON)
	}
}
