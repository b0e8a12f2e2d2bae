// Command linked has the fork in it, for a test of how it is linked.
package main

import "github.com/brood-go/brood/internal/process"

func main() {
	var s process.Starter
	if _, failure := s.Start(&process.Spec{Files: []string{"/nowhere"}, Args: []string{"nowhere"}}); failure != nil {
		println(failure.Error())
	}
}
