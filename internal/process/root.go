//go:build unix

package process

import (
	"os"
	"strings"
)

// mostLinks is how many symbolic links are followed in one path, as Linux does
// (path_resolution(7)).
const mostLinks = 40

// InRoot translates an absolute path of a process with the root directory root for this process.
// Absolute links lead to files below root, as they do for that process, and ".." does not lead out
// of it. If root is empty, the result is path.
//
// Safe to call from any goroutine.
func InRoot(root, path string) string {
	if root == "" {
		return path
	}
	done, links := "", 0
	for rest := path; rest != ""; {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		switch name {
		case "", ".":
			continue
		case "..":
			done = done[:max(strings.LastIndexByte(done, '/'), 0)]
			continue
		}
		target, err := os.Readlink(root + done + "/" + name)
		if err != nil { // It is no link, or not there.
			done += "/" + name
			continue
		}
		if links++; links > mostLinks {
			return root + path // The path leads nowhere for that process either.
		}
		if strings.HasPrefix(target, "/") {
			done = ""
		}
		rest = target + "/" + rest
	}
	return root + done
}
