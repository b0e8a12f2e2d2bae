package host

import "golang.org/x/sys/unix"

// keepAliveDelay is the option of TCP for the time before the first probe: seconds.
const keepAliveDelay = unix.TCP_KEEPIDLE
