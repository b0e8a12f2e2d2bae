package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// children returns the children of this process, including those whose own parent has exited.
func children() (pids []int) {
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // The thread has exited, and its children belong to another.
		}
		for word := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
