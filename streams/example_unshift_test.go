package streams_test

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// This reads one header line and then the raw body. The listener of lines goes after the first
// line, and the bytes behind it go to the listener that it has put in its place.
func ExampleReadable_OnLine_headerThenBody() {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	r, w, err := pipeOf(loop)
	if err != nil {
		panic(err)
	}
	w.WriteString("text/plain\nThe body,\nwith its\nnewlines.")
	w.End()

	var header *events.Listener
	header = r.OnLine(func(line []byte) {
		fmt.Printf("header: %s\n", line)
		header.Off()
		r.Collect(1<<20, func(body []byte, err error) { fmt.Printf("body: %q, %v\n", body, err) })
	})
	loop.Run()
	// Output:
	// header: text/plain
	// body: "The body,\nwith its\nnewlines.", <nil>
}

// A listener of data puts back the bytes that are not its own: here the lines behind a prefix of
// fixed length.
func ExampleReadable_Unshift() {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	r, w, err := pipeOf(loop)
	if err != nil {
		panic(err)
	}
	w.WriteString("v001first line\nsecond line\n")
	w.End()

	var version []byte
	var data *events.Listener
	data = r.OnData(func(chunk []byte) {
		n := min(len(chunk), 4-len(version))
		version = append(version, chunk[:n]...)
		if len(version) < 4 {
			return
		}
		data.Off()
		r.Unshift(chunk[n:])
		fmt.Printf("version %s\n", version)
		r.OnLine(func(line []byte) { fmt.Printf("%s\n", line) })
	})
	loop.Run()
	// Output:
	// version v001
	// first line
	// second line
}

// pipeOf returns streams over both ends of a pipe.
func pipeOf(loop *reactor.Loop) (*streams.Readable, *streams.Writable, error) {
	var p [2]int
	if err := unix.Pipe(p[:]); err != nil {
		return nil, nil, err
	}
	r, err := streams.NewReadable(loop, p[0], nil)
	if err != nil {
		return nil, nil, err
	}
	w, err := streams.NewWritable(loop, p[1], nil)
	return r, w, err
}
