// Command compile compiles the .js files of the working directory into library.bin.
package main

import (
	"log"
	"os"

	"github.com/brood-go/brood/script/lib"
)

func main() {
	log.SetFlags(0)
	modules, err := lib.Compile(os.DirFS("."))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("library.bin", lib.Bundle(modules), 0o644); err != nil {
		log.Fatal(err)
	}
}
