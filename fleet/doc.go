// Package fleet runs the jobs of package pool on many machines: clients queue them in NATS
// JetStream, agents take them and give them to pools, and results are stored. Serve runs the server
// in this program, so that one machine needs nothing else; Dial connects to that as to a cluster of
// others.
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
// Tests hold each of them: childprocess/CONFORMANCE.md lists those of the behaviours that are named
// behind it.
//
//  1. A job that Submit has returned ends with a stored result, or in the dead stream with a
//     reason, whichever of agents, children and servers die and whenever, and whoever is cut off.
//     It is never lost. (TestEveryJobOfAClusterEndsInAResultOrInTheDeadStream, W125, W137)
//  2. A job runs at least once: it may run twice, even at the same time. When: an agent died, was
//     cut off, or stood still for longer than AckWait, after its child had begun; a server lost
//     what it knew of deliveries, because it was killed or lost its power; the dead stream was
//     requeued. So handlers key what they do on Task.ID. Task.Attempt above 1 says that an attempt
//     may have run before; 1 does not say that none has, after a server was killed. (W128, W137)
//  3. The first stored result wins. A second answer is dropped, counted in JobInfo.Duplicates and
//     told as EventDuplicate. (W128)
//  4. An agent that cannot be sure to have a job any more cancels its child, is counted in
//     JobInfo.LostLeases and tells EventLost; an answer that came all the same has
//     Result.LostLease. (W128, TestAnAgentOutlivesTheAbsenceOfItsServer)
//  5. While a job has its child, and the loop of the pool turns, the agent keeps it, however long
//     it takes, also in a drain. When the machine dies another agent has the job within AckWait of
//     the last heartbeat. (W126, W127)
//  6. An agent holds no job that it has no slot for: all others are free for other agents. (W124)
//  7. Failures, lost agents and jobs that were given back are counted apart. MaxAttempts failures
//     or MaxLost lost agents make a job dead; drains, full pools and crash loops do not. (W129,
//     W130, W135, W136)
//  8. While a job of an id is queued, or will be, or its result is stored, or it was queued less
//     than Layout.Duplicates ago, there is no other in its queue: Submit returns ErrDuplicate or
//     ErrAlreadyDone. (W121, W122, W132)
//  9. A job that was cancelled before it began does not run; one that runs has its child cancelled.
//     (W131)
//  10. What is stored is on the disk: a server of Serve syncs each write, and has its directory to
//     itself. (W137)
//  11. A client can do what its role says and nothing else, whatever its program tries: with Serve
//     it has an account of its own. Agents and movers, whom the clients have to trust, cannot use
//     JetStream beyond their roles. Children get no credentials. (W138)
//  12. Queues, delayed jobs, results, dead jobs and payloads are bounded; what is full says so, and
//     loses nothing. (W121, W132, W133, W139,
//     TestAnAgentHoldsBackAnswersWhileThereIsNoRoomForThem)
//
// # Subjects and streams
//
// F is Options.Name, "fleet" if that is empty. An id on the wire is the client's name and its own
// id, with a dot between.
//
//	stream         subjects                          what
//	F_jobs         F.job.<queue>.<client>.<id>       jobs: a work queue, one message a subject, a durable consumer a queue
//	F_results      F.res.<client>.<id>               results, for ResultTTL; one message a subject, and the first wins
//	F_dead         F.dead.<client>.<id>              dead jobs, for DeadTTL
//	F_later        F.later.<queue>.<client>.<id>     delayed jobs as clients submit them
//	F_clock        F.clock.{at,due}.<queue>.<…>      schedules of the server, and what is due: the mover's
//	KV_F_cancel    $KV.F_cancel.<client>.<id>        requests to cancel
//	KV_F_try       $KV.F_try.<client>.<id>           what is counted of a job that did not go well at once
//	OBJ_F_blob_…   $O.F_blob_<client>.>              payloads of jobs over the server's limit, a bucket for each client
//	OBJ_F_answer_… $O.F_answer_<client>.>            those of results, which expire with these
//	not stored     F.done.<client>.<id>              the server tells of a result or a dead job
//	not stored     F.evt.<client>.<id>               progress
//	not stored     F.ctl.cancel.…, F.ctl.drain.…     the server tells of a request to cancel; an agent is drained
//
// The results are stored before a job is acknowledged, and a server that was asked twice answers
// the second time that there is a result. A result or a payload that an attempt left without
// anybody who names it expires.
//
// # What fails, and what is seen
//
//	the child dies                        the attempt has failed, with status and the end of stderr; the job comes again
//	the pool is in a crash loop           the agent takes no jobs: EventPaused, and EventResumed after an answer
//	the agent dies                        another has its jobs after AckWait, Lost is counted
//	the agent is cut off, or stands still the same; EventLost there, and its children are cancelled
//	the server dies                       calls wait for Options.Timeout and return ErrUnavailable; Wait and agents go on
//	                                      when it is back
//	a server of a cluster dies            calls wait until there is a leader again
//	the stream of jobs is full            Submit returns ErrQueueFull
//	as many jobs are delayed as may be    the same
//	the stream of results is full         agents hold back answers, with their jobs, until results expire
//	a user may not                        the call returns ErrPermission at once
//	a payload has expired                 the job is dead: DeadPayload
//	what is queued is no job              it is dead: DeadMalformed
//	nobody runs a mover                   delayed jobs wait
//	the workers of a pool never start     Agent returns why, or EventPaused: the agent takes no jobs
//
// # Recipes
//
// Priorities: a queue for each, and AgentOptions.Strict or weights. A rolling deploy: start the new
// agents, then drain the old ones. A pause for repairs: Pause. Jobs that must not run twice: have
// the handler store Task.ID where it stores what it does, in one transaction.
//
// # Goroutines
//
// The methods of all types are safe to call from any goroutine. Most wait for a server and must not
// be called on a loop.
package fleet
