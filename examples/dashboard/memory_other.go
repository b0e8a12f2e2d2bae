//go:build !linux

package main

// maxMemory is none: package pool knows a worker's memory on Linux only.
const maxMemory = 0
