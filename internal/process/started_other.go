//go:build unix && !linux

package process

// A ticket is empty where the program cannot adopt orphans.
type ticket struct{}

func beginStart() ticket { return ticket{} }

func (ticket) finish(int) {}

func (ticket) forget(int) {}
