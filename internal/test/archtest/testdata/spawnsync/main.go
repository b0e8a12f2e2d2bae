// Command spawnsync does nothing but run a program, for a test of what is linked into it.
package main

import (
	"os"

	"github.com/brood-go/brood/childprocess"
)

func main() {
	os.Exit(childprocess.SpawnSync(os.Args[1], os.Args[2:], nil).Status.Code)
}
