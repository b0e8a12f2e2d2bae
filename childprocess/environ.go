package childprocess

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// defaultPath is searched when the environment has no PATH, as execvp(3) does.
const defaultPath = "/bin:/usr/bin"

// environ returns the child's environment.
func (o *Options) environ() []string {
	if o.Env != nil {
		return lastOfEach(o.Env)
	}
	env := syscall.Environ()
	if o.Dir == "" {
		return env
	}
	// Programs trust PWD; a stale one would name the parent's directory.
	if dir, err := filepath.Abs(o.Dir); err == nil {
		env = lastOfEach(append(env, "PWD="+dir))
	}
	return env
}

// lastOfEach keeps, of entries with the same key, the last one, at its place. The result is never nil.
func lastOfEach(env []string) []string {
	seen := make(map[string]bool, len(env))
	out := make([]string, len(env))
	at := len(out)
	for i := len(env) - 1; i >= 0; i-- {
		if key, ok := keyOf(env[i]); ok {
			if seen[key] {
				continue
			}
			seen[key] = true
		}
		at--
		out[at] = env[i]
	}
	return out[at:]
}

// keyOf returns the key of an entry; a key may begin with "=". Entries without one are passed on as they are.
func keyOf(entry string) (key string, ok bool) {
	if entry == "" {
		return "", false
	}
	i := strings.IndexByte(entry[1:], '=')
	if i < 0 {
		return "", false
	}
	return entry[:i+1], true
}

// searchPath returns the directories in which a program without a slash is looked up.
func (o *Options) searchPath() string {
	if o.Env == nil || o.ParentPath {
		if path, ok := os.LookupEnv("PATH"); ok {
			return path
		}
		return defaultPath
	}
	for i := len(o.Env) - 1; i >= 0; i-- {
		if path, ok := strings.CutPrefix(o.Env[i], "PATH="); ok {
			return path
		}
	}
	return defaultPath
}
