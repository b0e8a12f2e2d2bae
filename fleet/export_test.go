package fleet

// AtStep has o's agents and movers call fn between the steps of a job.
func AtStep(o *Options, fn func(step string)) { o.atStep = fn }

// MaxPayload sets the largest message of a server.
func MaxPayload(o *ServerOptions, bytes int32) { o.maxPayload = bytes }

// SyncsAlways reports whether the server syncs each write.
func SyncsAlways(s *Server) bool { return s.nats.JetStreamConfig().SyncAlways }
