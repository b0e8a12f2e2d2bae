package childprocess

// exitQueue is empty on Linux. It exists for the kqueue systems, see exit_watch_bsd.go.
type exitQueue struct{}

func (*exitQueue) close() {}
