package main

// A task is what a worker is given: the path of a file below its directory, with slashes. JSON carries text, and a file name
// need not be text: as bytes it goes in base64 and arrives as it is. That is a third more on the wire, of little. The worker
// tells meanwhile how many bytes it has read.
type task []byte

// A sum is the answer.
type sum struct {
	Sum  string `json:"sum"`  // hexadecimal
	Read int64  `json:"read"` // bytes
}
