// Command spawnsync runs one program. A test looks at the functions that are linked into it.
package main

import (
	"os"

	"github.com/brood-go/brood/childprocess"
)

func main() {
	os.Exit(childprocess.SpawnSync(os.Args[1], os.Args[2:], nil).Status.Code)
}
