package ipc

import "os"

// A File is a regular file to send with a message, such as memory of memfd_create(2). The sender
// keeps it, as it keeps an *os.File. The receiver's Handle.File shares the open file description,
// and so the offset.
//
// Send one only to a peer that is this package: Node aborts when it receives a regular file. So an
// *os.File that is a regular file is refused, and so is a *[Handle] of type "brood.File".
type File struct{ *os.File }
