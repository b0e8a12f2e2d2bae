// Package fleet runs the jobs of package pool on many machines. Clients queue jobs in NATS
// JetStream, agents take them and give them to pools, and the results are stored. Serve runs the
// server in this program, so one machine needs nothing else. Dial connects to a server of Serve or
// to any other NATS cluster.
//
//	s, err := fleet.Serve(&fleet.ServerOptions{Dir: "jobs", Layout: &fleet.Layout{Queues: []string{"mail"}}})
//	f, err := fleet.Dial(&fleet.Options{URL: s.URL(), Client: "web"})
//	a, err := f.Agent(p, &fleet.AgentOptions{Loop: l, Queues: []fleet.QueueShare{{Name: "mail"}}})
//	j, err := f.Submit(ctx, "mail", letter, &fleet.JobOptions{ID: "letter-17"})
//	err = j.Wait(ctx, &receipt)
//
// A worker gets a [Task]: the job, its id, and the number of the attempt.
//
//	pool.Handlers{"": func(ctx context.Context, j *pool.Job) (any, error) {
//		var t fleet.Task
//		if err := j.Decode(&t); err != nil {
//			return nil, err
//		}
//		return send(ctx, t.ID, t.Job)
//	}}
//
// # Guarantees
//
// Behind each guarantee are its tests, or the behaviours of childprocess/CONFORMANCE.md that they
// check.
//
//  1. A job that Submit has returned ends with a stored result, or in the dead stream with a
//     reason, whichever agents, children and servers die or lose their connection, at any time. It
//     is never lost. (TestEveryJobOfAClusterEndsInAResultOrInTheDeadStream, W125, W137)
//  2. A job runs at least once. It may run twice, even at the same time, if an agent died, lost its
//     connection, or stood still for longer than AckWait after its child had begun; if a server
//     lost its record of deliveries, because it was killed or lost its power; or if the dead stream
//     was requeued. So a handler must recognize a repetition by Task.ID. Task.Attempt above 1 says
//     that an attempt may have run before; 1 does not exclude that, if a server was killed. (W128,
//     W137)
//  3. The first stored result wins. A second answer is dropped, counted in JobInfo.Duplicates and
//     reported as EventDuplicate. (W128)
//  4. An agent that may have lost a job cancels its child, counts JobInfo.LostLeases and emits
//     EventLost. If an answer comes nevertheless, it has Result.LostLease. (W128,
//     TestAnAgentOutlivesTheAbsenceOfItsServer)
//  5. While a job has its child, and the loop of the pool turns, the agent keeps the job, however
//     long it takes, also during a drain. If the machine dies, another agent gets the job within
//     AckWait of the last heartbeat. (W126, W127)
//  6. An agent holds no job without a free slot: other agents can take all others. (W124)
//  7. Failures, lost agents and jobs that were given back are counted separately. MaxAttempts
//     failures or MaxLost lost agents make a job dead; drains, full pools and crash loops do not.
//     (W129, W130, W135, W136)
//  8. While a job is queued or scheduled, or its result is stored, or it was queued less than
//     Layout.Duplicates ago, its queue takes no other job with its id: Submit returns ErrDuplicate
//     or ErrAlreadyDone. (W121, W122, W132)
//  9. A job that was cancelled before it began does not run. If it runs, its child is cancelled.
//     (W131)
//  10. Stored data is on the disk: a server of Serve syncs each write, and is alone in its
//     directory. (W137)
//  11. A client can do what its role allows and nothing else, whatever its program tries: with
//     Serve it has an account of its own. Agents and movers, which the clients must trust, cannot
//     use JetStream beyond their roles. Children get no credentials. (W138)
//  12. Queues, delayed jobs, results, dead jobs and payloads are bounded. When one is full, an
//     error says so, and nothing is lost. (W121, W132, W133, W139,
//     TestAnAgentKeepsAnswersWhileThereIsNoRoomForThem)
//
// # Subjects and streams
//
// F is Options.Name, "fleet" if that is empty. A job's id on the wire is the client's name, a dot
// and the client's own id.
//
//	stream         subjects                          content
//	F_jobs         F.job.<queue>.<client>.<id>       jobs: a work queue, one message per subject, a durable consumer per queue
//	F_results      F.res.<client>.<id>               results, for ResultTTL; one message per subject, and the first wins
//	F_dead         F.dead.<client>.<id>              dead jobs, for DeadTTL
//	F_later        F.later.<queue>.<client>.<id>     delayed jobs as clients submit them
//	F_clock        F.clock.{at,due}.<queue>.<…>      schedules of the mover, and messages of the server that one is due
//	KV_F_cancel    $KV.F_cancel.<client>.<id>        requests to cancel
//	KV_F_try       $KV.F_try.<client>.<id>           counts of a job whose first attempt did not succeed
//	OBJ_F_blob_…   $O.F_blob_<client>.>              payloads of jobs above the server's limit, a bucket for each client
//	OBJ_F_answer_… $O.F_answer_<client>.>            payloads of results, which expire with them
//	not stored     F.done.<client>.<id>              from the server: a result or a dead job was stored
//	not stored     F.evt.<client>.<id>               progress
//	not stored     F.ctl.cancel.…, F.ctl.drain.…     from the server: a request to cancel; from an admin: drain
//
// A result is stored before its job is acknowledged. When a result is stored a second time, the
// server refuses it, because there is one. A result or a payload that nothing names any more
// expires.
//
// # Failures
//
//	failure                               effect
//	the child dies                        the attempt has failed, with status and end of stderr; the job comes again
//	the pool is in a crash loop           the agent takes no jobs: EventPaused, and EventResumed after an answer
//	the agent dies                        another agent gets its jobs after AckWait; Lost is counted
//	the agent is cut off, or stands still the same; there EventLost, and its children are cancelled
//	the server dies                       calls wait for Options.Timeout and return ErrUnavailable; Wait and agents go on
//	                                      when it is back
//	a server of a cluster dies            calls wait until there is a leader again
//	the stream of jobs is full            Submit returns ErrQueueFull
//	the limit of delayed jobs is reached  the same
//	the stream of results is full         agents keep answers, and their jobs, until results expire
//	the user lacks a right                the call returns ErrPermission at once
//	a payload has expired                 the job is dead: DeadPayload
//	the queued message is no job          it is dead: DeadMalformed
//	there is no mover                     delayed jobs wait
//	the workers of a pool never start     Agent returns the reason, or EventPaused: the agent takes no jobs
//
// # Recipes
//
// Priorities: use a queue for each, and AgentOptions.Strict or weights. A rolling deploy: start the
// new agents, then drain the old ones. Maintenance: call Pause. Jobs that must not run twice: let
// the handler store Task.ID in the transaction that stores its effect.
//
// # Goroutines
//
// The methods of all types are safe to call from any goroutine. Most wait for a server and must not
// be called on a loop goroutine.
package fleet
