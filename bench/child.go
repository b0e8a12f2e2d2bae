package main

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"
)

// runChild does the work of a child process if this program was started as one, and reports whether
// it was.
func runChild() bool {
	if len(os.Args) < 3 {
		return false
	}
	switch os.Args[1] {
	case "-child-write":
		n, err := strconv.Atoi(os.Args[2])
		check(err)
		writeBytes(n)
	case "-child-read":
		n, err := strconv.Atoi(os.Args[2])
		check(err)
		readBytes(n)
	case "-child-lines":
		n, err := strconv.Atoi(os.Args[2])
		check(err)
		writeLines(n)
	case "-child-work":
		workServer(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	case "-child-echo":
		echoServer(os.Args[2])
	case "-child-ipc":
		busy, err := time.ParseDuration(os.Args[2])
		check(err)
		ipcChild(busy)
	case "-child-ipc-raw":
		size, err := strconv.Atoi(os.Args[3])
		check(err)
		rawIPCChild(os.Args[2], size)
	case "-child-spawn":
		spawnServer(os.Args[2])
	case "-child-cluster":
		clusterPrimary(os.Args[2], os.Args[3], os.Args[4])
	case "-child-pool":
		poolChild(os.Args[2], os.Args[3:])
	case "-child-peak":
		peakServer(os.Args[2:])
	case "-child-scenario":
		measurePart(os.Args[2:])
	case "-child-nohup":
		nohupChild(os.Args[2])
	default:
		return false
	}
	return true
}

const chunk = 64 << 10

// writeBytes writes n bytes to stdout by plain system calls.
func writeBytes(n int) {
	buf := make([]byte, chunk)
	for n > 0 {
		k, err := syscall.Write(1, buf[:min(n, chunk)])
		check(err)
		n -= k
	}
}

// writeLines writes n lines of workLine bytes to stdout.
func writeLines(n int) {
	block := bytes.Repeat(append(bytes.Repeat([]byte("x"), workLine-1), '\n'), chunk/workLine)
	for n > 0 {
		p := block[:min(n*workLine, len(block))]
		n -= len(p) / workLine
		for len(p) > 0 {
			k, err := syscall.Write(1, p)
			check(err)
			p = p[k:]
		}
	}
}

// readBytes reads stdin to its end. It exits with 3 unless that was n bytes.
func readBytes(n int) {
	buf := make([]byte, chunk)
	for {
		k, err := syscall.Read(0, buf)
		check(err)
		if k == 0 {
			break
		}
		n -= k
	}
	if n != 0 {
		os.Exit(3)
	}
}

// givenSelf is the program that answers to -child-write and the like, if another process has
// started this one; empty: this program.
var givenSelf string

// self returns the path of this program, or givenSelf.
func self() string {
	if givenSelf != "" {
		return givenSelf
	}
	file, err := os.Executable()
	check(err)
	return file
}
