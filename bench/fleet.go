package main

import (
	"context"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/brood-go/brood/fleet"
	"github.com/brood-go/brood/pool"
)

const (
	fleetFloor  = "NATS, job"             // publish, fetch, double ack
	fleetResult = "NATS, job and result"  // the same, with a result stored before the ack
	fleetAgent  = "brood fleet, an agent" // Submit to Wait, with a worker process
)

// fleetJobs queues jobs, has them done, and waits for the results, with that many clients at once.
// The servers are those of package fleet, which sync each write. The cost of NATS itself is
// measured without a result, and with one, which is one more write.
func fleetJobs(name string, clients, n int) scenario {
	s := scenario{name: "fleet, " + name, unit: "job", ops: float64(n), rounds: 2}
	add := func(name string, start func() *fleetBench, do func(b *fleetBench, i int64), targets ...target) {
		var b *fleetBench
		s.contestants = append(s.contestants, contestant{
			name: name, targets: targets, elsewhere: true,
			run: func() time.Duration {
				if b == nil {
					b = start()
				}
				return b.all(clients, n, do)
			},
			close: func() { b.close() },
		})
	}
	add(fleetFloor, startFleetBench, func(b *fleetBench, i int64) { b.raw(i, false) })
	add(fleetResult, startFleetBench, func(b *fleetBench, i int64) { b.raw(i, true) })
	add(fleetAgent, func() *fleetBench { return startFleetBench().startAgent(clients) }, (*fleetBench).job, target{fleetResult, 1.3})
	s.contestants[len(s.contestants)-1].because = "an agent gives the job to another process, and its client waits for the result: the others do not send these messages"
	return s
}

// fleetBench is a server with one queue, and its clients.
type fleetBench struct {
	dir    string
	server *fleet.Server
	fleet  *fleet.Fleet
	nc     *nats.Conn
	js     jetstream.JetStream
	queue  jetstream.Consumer
	stop   func() // stops the agent; nil without one
	jobs   atomic.Int64
}

func startFleetBench() *fleetBench {
	b := &fleetBench{}
	var err error
	b.dir, err = os.MkdirTemp("", "brood-fleet")
	check(err)
	b.server, err = fleet.Serve(&fleet.ServerOptions{Dir: b.dir, Layout: &fleet.Layout{Queues: []string{"echo"}}})
	check(err)
	b.fleet, err = fleet.Dial(&fleet.Options{URL: b.server.URL()})
	check(err)
	b.nc, err = nats.Connect(b.server.URL())
	check(err)
	b.js, err = jetstream.New(b.nc)
	check(err)
	b.queue, err = b.js.Consumer(context.Background(), "fleet_jobs", "echo")
	check(err)
	return b
}

// startAgent starts an agent that does that many jobs at once.
func (b *fleetBench) startAgent(jobs int) *fleetBench {
	l := newLoop()
	program := goWorkers("fleet", (jobs+poolWorkers-1)/poolWorkers)
	p, err := pool.New(l, &program.options)
	check(err)
	ended := make(chan error, 1)
	// This goroutine ends when stop has stopped the pool. stop waits for it.
	go func() { ended <- l.Run() }()
	a, err := b.fleet.Agent(p, &fleet.AgentOptions{Loop: l, Queues: []fleet.QueueShare{{Name: "echo"}}, Slots: jobs})
	check(err)
	b.stop = func() {
		a.Close()
		check(l.Post(func() { p.Stop(nil, nil) }))
		check(<-ended)
		check(l.Close())
	}
	return b
}

// all has that many clients do n jobs.
func (b *fleetBench) all(clients, n int, do func(b *fleetBench, i int64)) time.Duration {
	last := b.jobs.Load() + int64(n)
	var running sync.WaitGroup
	start := time.Now()
	for range clients {
		running.Go(func() {
			for i := b.jobs.Add(1); i <= last; i = b.jobs.Add(1) {
				do(b, i)
			}
		})
	}
	running.Wait()
	b.jobs.Store(last)
	return time.Since(start)
}

// raw makes the calls to the server that an agent and its client need at least.
func (b *fleetBench) raw(i int64, result bool) {
	ctx := context.Background()
	_, err := b.js.Publish(ctx, "fleet.job.echo.raw."+strconv.FormatInt(i, 10), []byte(`"`+poolText+`"`))
	check(err)
	batch, err := b.queue.Fetch(1)
	check(err)
	msg := <-batch.Messages()
	check(batch.Error())
	if result {
		_, err = b.js.Publish(ctx, "fleet.res.raw."+strconv.FormatInt(i, 10), msg.Data())
		check(err)
	}
	check(msg.DoubleAck(ctx))
}

func (b *fleetBench) job(int64) {
	j, err := b.fleet.Submit(context.Background(), "echo", poolText, nil)
	check(err)
	var text string
	check(j.Wait(context.Background(), &text))
	mustEcho(text)
}

func (b *fleetBench) close() {
	if b.stop != nil {
		b.stop()
	}
	b.fleet.Close()
	b.nc.Close()
	b.server.Close()
	check(os.RemoveAll(b.dir))
}

// fleetEcho is the handler of the agent's workers.
func fleetEcho(j *pool.Job) (any, error) {
	var t fleet.Task
	err := j.Decode(&t)
	return t.Job, err
}
