// Quickstart starts a program on a loop, prints each line it writes, and says how it ended.
//
//	go run ./examples/quickstart
package main

import (
	"fmt"
	"log"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

func main() {
	loop, err := reactor.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	child, err := childprocess.Spawn(loop, "sh", []string{"-c", "echo one; echo two; exit 3"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	child.Stdout.OnLine(func(line []byte) { fmt.Printf("line: %s\n", line) })
	child.OnError(func(err error) { fmt.Println("error:", err) })
	child.OnClose(func(s childprocess.ExitStatus) { fmt.Println("close:", s) })
	if err := loop.Run(); err != nil {
		log.Fatal(err)
	}
	if err := loop.Close(); err != nil {
		log.Fatal(err)
	}
}
