// Package fd has the system calls that the packages above make on descriptors: it opens pipes and
// pairs of sockets, and reads, writes and moves bytes and descriptors through them.
//
// A descriptor is a plain int and belongs to whoever opened it; the package keeps none. Every
// descriptor that it opens or receives is close-on-exec from the start: no child that another
// goroutine starts meanwhile can inherit it.
//
// Errors are bare errnos, and 0 bytes come with them. EINTR is retried here. EAGAIN means that the
// call would have had to wait.
//
// All functions are safe to call from any goroutine. They have no state of their own.
package fd
