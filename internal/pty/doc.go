// Package pty opens pseudo-terminals and sets their size, see pty(7) and pty(4).
//
// A pseudo-terminal has two sides. The slave is a terminal, for programs to use. The master is the
// person at the terminal: bytes written to it are typed, bytes read from it are shown. The line
// discipline between the two echoes, edits lines and turns keys into signals, as the slave's modes
// say (termios(3)). A new terminal has the system's default modes.
//
// Descriptors are plain ints, close-on-exec from the start, and the caller must close them. No
// function here makes a terminal the controlling one of this process. Errors are bare errnos. All
// functions are safe to call from any goroutine.
package pty
