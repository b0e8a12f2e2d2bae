package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// builtIn are the commands that clients can run, as a program and its arguments. A client chooses
// one by its name. Nothing that a client sends becomes a part of a command.
var builtIn = map[string][]string{
	"count":     {"sh", "-c", "for i in 1 2 3; do echo $i; sleep 1; done; echo done >&2"},
	"date":      {"date"},
	"disks":     {"df", "-k"},
	"processes": {"ps", "-A"},
}

// readCommands returns the commands of a file, or the built-in ones for "".
func readCommands(file string) (commands map[string][]string, err error) {
	if file == "" {
		return builtIn, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &commands); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for name, command := range commands {
		if len(command) == 0 {
			return nil, fmt.Errorf("%s: %s: no program", file, name)
		}
	}
	return commands, nil
}
