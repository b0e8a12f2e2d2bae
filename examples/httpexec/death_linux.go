package main

import "syscall"

// deathSignal is sent to a command when the server dies without having ended it.
const deathSignal = syscall.SIGKILL
