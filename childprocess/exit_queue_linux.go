package childprocess

// exitQueue is the kqueue systems' way of following children; a pidfd needs no such thing.
type exitQueue struct{}

func (*exitQueue) close() {}
