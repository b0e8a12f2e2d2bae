package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// children lists the children of this process, those too that have come to it when their parents
// ended.
func children() (pids []int) {
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // The thread has ended, and what it had belongs to another.
		}
		for word := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
