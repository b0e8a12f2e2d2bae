package fleet

import "github.com/brood-go/brood/reactor"

// AtStep makes agents and movers with o call fn between the steps of a job.
func AtStep(o *Options, fn func(step string)) { o.atStep = fn }

// MaxPayload bounds the messages of a server, in bytes.
func MaxPayload(o *ServerOptions, bytes int32) { o.maxPayload = bytes }

// SyncsAlways reports whether the server syncs each write.
func SyncsAlways(s *Server) bool { return s.nats.JetStreamConfig().SyncAlways }

// CancelOnClosedLoop gives a job to a pool whose loop is closed, cancels the job, and returns how
// often done was called.
func CancelOnClosedLoop(l *reactor.Loop) (calls int) {
	x := &poolExecutor{loop: l}
	x.start(&poolJob{}, nil, func(outcome) { calls++ }).cancel(ErrCancelled)
	return calls
}
