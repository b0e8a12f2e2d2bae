//go:build !linux

package main

// maxMemory is off, because package pool knows a worker's memory on Linux only.
const maxMemory = 0
