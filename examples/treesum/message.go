package main

// A task asks a worker for the sum of a file. JSON carries text, and a file name need not be text: as bytes it goes in
// base64 and arrives as it is. That is a third more on the wire, of little.
type task struct {
	Path []byte `json:"path"` // below the worker's directory, with slashes
}

// An answer is about the oldest task that a worker has not finished: how far it is, and at last, once, either the sum
// or why there is none. Tasks are finished in their order, so nothing has to say which one is meant.
type answer struct {
	Read  int64  `json:"read"` // bytes of the file so far
	Sum   string `json:"sum,omitempty"`
	Error string `json:"error,omitempty"`
}

// last reports whether the task is finished.
func (a *answer) last() bool { return a.Sum != "" || a.Error != "" }
