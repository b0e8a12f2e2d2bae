package fd

// No descriptor opened here has a number below 3, see [Private].
//
// A platform supplies, with both ends close-on-exec, or both -1 with an error:
//
//	func pipe(nonblock bool) (r, w int, err error)
//	func socketPair() (a, b int, err error)             in blocking mode

// Pipe opens a pipe(2) whose ends are in blocking mode, as a child expects its own. The caller must
// Close both.
func Pipe() (r, w int, err error) { return privatePair(pipe(false)) }

// PipeNonblock is [Pipe] with both ends in non-blocking mode.
func PipeNonblock() (r, w int, err error) { return privatePair(pipe(true)) }

// SocketPair opens a socketpair(2) of stream sockets, see unix(7). Both are in blocking mode, as a
// child expects its own. The caller must Close both.
func SocketPair() (a, b int, err error) { return privatePair(socketPair()) }
