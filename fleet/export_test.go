package fleet

// AtStep makes agents and movers with o call fn between the steps of a job.
func AtStep(o *Options, fn func(step string)) { o.atStep = fn }

// MaxPayload bounds the messages of a server, in bytes.
func MaxPayload(o *ServerOptions, bytes int32) { o.maxPayload = bytes }

// SyncsAlways reports whether the server syncs each write.
func SyncsAlways(s *Server) bool { return s.nats.JetStreamConfig().SyncAlways }
