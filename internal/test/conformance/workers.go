package conformance

// workerBehaviours are the promises of pools of workers, clusters and fleets. From names the
// systems that the behaviour was learned from, most of them because they do it wrong.
var workerBehaviours = []Behaviour{
	// Shape.
	{"W001", "", "Run answers once and never inside the call; misuse, a full queue and a stopped pool are returned."},
	{"W002", "cpython#96062; multiprocessing", "Every task settles exactly once, whatever dies when; submitted is waiting, running and settled together."},
	{"W003", "workerpool#274, #511", "Errors tell apart: the worker said no, it died, time-out, cancelled, stopped."},
	{"W004", "piscina", "Outstanding tasks keep the loop alive; idle workers of an unref'd pool do not."},
	{"W005", "jest-worker", "A key binds jobs to a worker, and moves when that dies; Broadcast reaches every worker once."},
	{"W006", "jest-worker", "Higher priority first, and in the order of the calls within one."},

	// Start, ready.
	{"W010", "pm2#2260", "No job before ready; programs that know no pool are ready on spawn or their first message."},
	{"W011", "roadrunner; tableflip; go-plugin", "A worker that is not ready in time is killed, and a failed start."},
	{"W012", "go-plugin", "Ready says version, methods and concurrency; another version is refused by name."},
	{"W013", "gunicorn; OpenTranscribe#631", "Failed starts before anyone was ready fail the pool with status and stderr; later ones back off."},
	{"W014", "passenger#420", "Only so many start at once; without room for more processes the pool is smaller; a hung start delays nobody."},

	// Dispatch, backpressure.
	{"W020", "roadrunner#737, #847; piscina#805; celery#2286", "No job waits while a ready worker has room."},
	{"W021", "celery#1591, #3434", "A worker has one job by default, and none is written behind a running one."},
	{"W022", "", "Jobs that were sent ahead and not begun go elsewhere, uncharged, when their worker hangs or dies."},
	{"W023", "poolboy; jest-worker", "Among idle workers the next one is chosen LIFO, FIFO or in turn."},
	{"W024", "piscina#126, #868", "What waits is bounded in jobs and bytes; NeedDrain from there, one OnDrain at half."},
	{"W025", "php-src#11260", "The time to wait is apart from the time to run."},
	{"W026", "roadrunner; poolboy#30", "When all are busy one more is started at once, up to Max; idle ones end, down to Min."},
	{"W027", "node-v0.x#8746", "A worker whose channel needs a drain gets nothing."},
	{"W028", "poolboy", "A caller whose context ends leaves the queue, and its slot is not lost."},

	// Deadlines, cancellation.
	{"W030", "roadrunner", "At the deadline done comes at once; the slot is free when the worker has answered or died."},
	{"W031", "piscina#156; workerpool#32", "A cancel message, a grace, the kill signal to the group, a grace, SIGKILL."},
	{"W032", "workerpool#479", "A worker that answers in its grace is kept; the late result is dropped and counted."},
	{"W033", "workerpool#548", "These timers belong to one job: the worker's next one is never hit."},
	{"W034", "piscina#805", "Cancelling a job that waits sends nothing and delays no neighbour."},
	{"W035", "piscina#934", "With several jobs in a worker a kill is charged only to the one that it was for."},
	{"W036", "river#1291", "A task that runs for too long is told, and nothing is done about it."},
	{"W037", "gunicorn", "Pings go only to idle workers: one that computes is not dead."},

	// Crash, restart.
	{"W040", "ProcessPoolExecutor", "A death hurts the jobs that the worker ran, no others, and not the pool."},
	{"W041", "piscina#304", "Exit 0 in the middle of a job is a crash."},
	{"W042", "", "Answers that were sent before the death count, and those jobs are not run again."},
	{"W043", "asynq#1015", "A job that was begun is run again only if asked; errors and crashes are counted apart."},
	{"W044", "celery#1628, #5641", "A job that kills its workers ends with every status; its second try runs by itself."},
	{"W045", "billiard; pm2; php-src#9632", "The first replacement is immediate; deaths without an answer in between wait longer and longer."},
	{"W046", "roadrunner", "Ten such deaths are a crash loop: one probe at a time, and waiting tasks wait or fail."},
	{"W047", "gunicorn", "A SIGKILL that nobody here has sent is perhaps out of memory, and the cgroup decides."},
	{"W048", "workerpool#314; roadrunner", "A worker may ask to be replaced: it finishes, and goes."},
	{"W049", "go-plugin#10, #210", "When the parent is killed no worker is left, one that computes included."},

	// Recycling.
	{"W050", "gunicorn#862, #1978", "MaxJobs with jitter; 0 is off whatever the jitter."},
	{"W051", "roadrunner#1561", "Age, memory and idleness never cut a job off; the hard memory limit does."},
	{"W052", "", "Memory is RSS or PSS of /proc, after each job and each second."},
	{"W053", "celery#4125", "Over the limit when ready: an error event, and no restart loop."},
	{"W054", "gunicorn#3038", "The successor is ready before the old one retires, one at a time."},

	// Stop, reload.
	{"W060", "jest#8206, #11354", "Stop: nothing new, the queue finished or failed, workers told to end, then signals; the report names the forced."},
	{"W061", "", "A second Stop, or its context, shortens it, and nothing is left."},
	{"W062", "passenger#1784, #2651", "Reload: a new worker is ready, then an old one drains, in batches."},
	{"W063", "pm2#4572; gunicorn#2443; uwsgi#649, #1052", "A new one that is late or dead ends the reload with its reason, and the old ones stay."},
	{"W064", "passenger#2551; pm2#5043", "Meanwhile jobs go to the newest ready generation, and none to draining workers."},
	{"W065", "roadrunner#135", "Reload under load loses and refuses nothing."},
	{"W066", "nodejs/node#1239", "Listeners are the parent's: without workers the backlog holds connections."},
	{"W067", "tableflip#24, #52", "Upgrade: the new binary gets the listeners and says ready; on failure the old one stays; unix paths stay."},

	// Streams, large payloads.
	{"W070", "", "Progress, latest wins; chunks ordered, complete, with credits; a slow consumer stops that job only."},
	{"W071", "roadrunner", "A worker that ends its cancelled stream is kept."},
	{"W072", "", "Attachments cross without base64: as sealed memory to Go, as frames on a descriptor to others."},
	{"W073", "", "During a job of 64 MiB to one worker the other workers' jobs go on."},
	{"W074", "loky", "A result that is too large or cannot be serialized fails the job, and the worker lives."},

	// The worker's side.
	{"W080", "", "Go: handlers on goroutines, with a context that is cancelled; a panic is an error with its stack."},
	{"W081", "", "Node without a library, or with a helper of 60 lines."},
	{"W082", "", "Any language: the same objects as lines; 15 lines of Python do."},
	{"W083", "", "Raw frames: four bytes of length, one answer for each request, in order."},
	{"W084", "roadrunner#873, #72", "Prints do no harm; on stdout a line that is no JSON is logged, and the job goes on."},
	{"W085", "", "An answer to nothing, twice, or with a wrong id is counted, and the worker replaced."},
	{"W086", "", "Workers ignore ^C, know number, generation and attempt, and run a teardown at disconnect and SIGTERM."},

	// Observability.
	{"W090", "piscina", "Stats: workers by state, histograms of waiting and running, utilization."},
	{"W091", "", "Every exit has a reason."},
	{"W092", "", "Metrics in Prometheus's text, with fixed names."},
	{"W093", "go-plugin", "Stderr goes to the logger in whole lines; its last 64 KiB go into errors; the rest is flushed at death."},
	{"W094", "OpenTranscribe#631", "Healthy means that workers answer, not just the parent."},

	// Node's cluster with a Go primary.
	{"W100", "Node v20", "Workers are forked with NODE_UNIQUE_ID; both serializations; users see no message; unknown acts and acks are ignored."},
	{"W101", "Node v20", "Online, queryServer, listening, in this order, for every type of address."},
	{"W102", "Node v20", "Round robin and shared replies, UDP always shared; an error is a negative errno and the next query tries anew."},
	{"W103", "Node v20", "What shares a listener, whose data goes to all; exclusive asks nothing."},
	{"W104", "Node v20", "A connection goes as net.Native, one on its way to a worker; ours is closed when it was accepted."},
	{"W105", "Node v20", "A refused connection goes to the next worker, and when all refuse it waits without spinning."},
	{"W106", "node-v0.x#7928", "A connection whose worker dies before it has accepted goes to another one."},
	{"W107", "Node v20", "What is accepted for workers that hang is bounded."},
	{"W108", "nodejs/node#6117", "Disconnect: the worker closes its servers, waits for its connections, ends the channel; a time-out kills."},
	{"W109", "nodejs/node#3720", "A worker's own disconnect: exitedAfterDisconnect, and our ack."},
	{"W110", "Node v20", "A channel that just ends; the events fork, online, listening, disconnect, exit."},
	{"W111", "node-v0.x#6001", "Pick chooses the worker of a connection."},

	// A fleet on NATS.
	{"W120", "", "The subjects of jobs, results, progress and control."},
	{"W121", "nats-server", "Jobs in a work queue, one for each id: a taken id is a duplicate, a full stream refuses."},
	{"W122", "nats-server", "An id within two minutes of its end is told as done."},
	{"W123", "nats-server", "One durable consumer for each queue, with room for all slots."},
	{"W124", "nats.go#1929", "An agent fetches exactly its free slots."},
	{"W125", "machinery#275", "The result is stored before the ack: killed between any two steps, the job runs again or has its result."},
	{"W126", "asynq#1089; solid_queue#568", "A job's lease is renewed only while the pool holds its worker alive, in a drain, too."},
	{"W127", "nats-server", "When a machine dies another has the job within AckWait."},
	{"W128", "", "At least once: the first stored result wins, and an agent that has lost its lease ends the job."},
	{"W129", "river#1290", "Failures are delayed and counted apart from lost machines; a drain does not count."},
	{"W130", "nats-server#5564, #7817", "After the last attempt a job is in the dead stream with its reason."},
	{"W131", "", "A cancel reaches the runner, and whoever gets the job later."},
	{"W132", "nats-server", "Delays and cron."},
	{"W133", "", "Results are kept for a time, and Await works after the client has started again."},
	{"W134", "asynq", "Priorities: a queue each, by weights or strictly."},
	{"W135", "faktory_worker_python#42", "A pool in a crash loop pulls nothing."},
	{"W136", "nats.go#1672; faktory#468; river#78", "Drain: no pulls, running jobs finish, the rest is released at once."},
	{"W137", "nats-server#7564", "The embedded server syncs always, and its directory is locked."},
	{"W138", "nats-server", "Beyond loopback only with TLS and credentials; each role may do what it must, and no more."},
	{"W139", "nats-server", "What is too large for a message goes by the object store."},
	{"W140", "", "A queue can be paused, and agents tell their status."},
}
