package ipc

import "os"

// A File is a regular file that goes with a message, such as one of memory, see memfd_create(2). As
// with an *os.File the sender keeps it, and the receiver's Handle.File shares its open file
// description, the offset with it.
//
// It is for a peer that is this package, and known to want it: Node aborts when it receives a
// regular file, so a plain *os.File is refused if it is one, and so is a *[Handle] of type
// "brood.File".
type File struct{ *os.File }
