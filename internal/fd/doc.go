// Package fd makes the system calls on descriptors for the packages above. It opens pipes and pairs
// of sockets, and reads, writes and moves bytes and descriptors through them.
//
// A descriptor is a plain int and belongs to its opener; the package keeps none. Every descriptor
// that it opens or receives is close-on-exec from the start, so no child that another goroutine
// starts meanwhile can inherit it.
//
// Errors are bare errnos, and come with 0 bytes. The package retries EINTR. EAGAIN means that the
// call would have had to wait.
//
// All functions are safe to call from any goroutine. They have no state of their own.
package fd
