package main

import "syscall"

// deathSignal is what a command gets when the server dies without having ended it.
const deathSignal = syscall.SIGKILL
