// Package pty opens pseudo-terminals and sets their size, see pty(7) and pty(4).
//
// A pseudo-terminal has two sides. The slave is a terminal, for programs to use; the master is for
// whoever plays the person at it: what is written to the master is typed, what is read from it is
// shown. The line discipline between the two echoes, edits lines and turns keys into signals, as
// the slave's modes say (termios(3)); a new terminal has the system's defaults.
//
// Descriptors are plain ints, close-on-exec from the start, and the caller's to close. No function
// here makes a terminal the controlling one of this process. Errors are bare errnos. All functions
// are safe to call from any goroutine.
package pty
