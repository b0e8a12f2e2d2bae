package childprocess

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/brood-go/brood/ipc"
)

// defaultPath is the PATH of an environment that has none, as for execvp(3).
const defaultPath = "/bin:/usr/bin"

// environ returns a copy of the child's environment, with one entry per key.
func (o *Options) environ() []string {
	if o.Env != nil {
		return lastOfEach(o.Env)
	}
	// A channel or a worker's name that this program has not taken yet is not for the child either.
	env := without(syscall.Environ(), channelFD, channelMode, workerName)
	dir := o.Dir
	switch {
	case dir == "" && o.Chroot == "":
		return env
	case dir == "":
		dir = "/"
	}
	// Programs trust PWD, and that of this program would name the wrong directory.
	if dir, err := filepath.Abs(dir); err == nil {
		env = lastOfEach(append(env, "PWD="+dir))
	}
	return env
}

// The variables that give a child its channel (Node v20, lib/child_process.js, and its
// documentation of child_process.spawn), and a worker its name.
const (
	channelFD   = "NODE_CHANNEL_FD"
	channelMode = "NODE_CHANNEL_SERIALIZATION_MODE"
	workerName  = "BROOD_WORKER"
)

// withChannel returns env with the two variables of the channel at its end, as Node writes them.
// Other entries with these keys are removed, because a program may read the first of several.
func withChannel(env []string, slot int, s ipc.Serialization) []string {
	return append(without(env, channelFD, channelMode), channelFD+"="+strconv.Itoa(slot), channelMode+"="+s.String())
}

// without removes the entries that have one of the keys. It changes env.
func without(env []string, keys ...string) []string {
	return slices.DeleteFunc(env, func(entry string) bool {
		key, ok := keyOf(entry)
		return ok && slices.Contains(keys, key)
	})
}

// lastOfEach returns a copy of env, never nil, with only the last entry of each key, at its place.
func lastOfEach(env []string) []string {
	seen := newKeySet(env)
	out := make([]string, len(env))
	at := len(out)
	for i := len(env) - 1; i >= 0; i-- {
		if key, ok := keyOf(env[i]); ok && !seen.add(key, i) {
			continue
		}
		at--
		out[at] = env[i]
	}
	return out[at:]
}

// keySet is a set of the keys of environment entries. Each start of a child makes one; a map would
// take most of the time that environ takes.
type keySet struct {
	env   []string
	slots [4 * usualVariables]uint8 // hash table of 1 + the index in env; 0: free
	// used instead of slots if env has more than usualVariables entries; else nil
	many map[string]bool
}

// usualVariables is more than most environments have. The numbers 1 to usualVariables must fit a
// uint8.
const usualVariables = 128

func newKeySet(env []string) (s keySet) {
	if s.env = env; len(env) > usualVariables {
		s.many = make(map[string]bool, len(env))
	}
	return s
}

// add adds the key of entry i and reports whether it is new.
func (s *keySet) add(key string, i int) bool {
	if s.many != nil {
		isNew := !s.many[key]
		s.many[key] = true
		return isNew
	}
	hash := uint32(2166136261) // FNV-1a
	for j := range len(key) {
		hash = (hash ^ uint32(key[j])) * 16777619
	}
	for at := hash % uint32(len(s.slots)); ; at = (at + 1) % uint32(len(s.slots)) {
		if s.slots[at] == 0 {
			s.slots[at] = uint8(i + 1)
			return true
		}
		if other, _ := keyOf(s.env[s.slots[at]-1]); other == key {
			return false
		}
	}
}

// keyOf returns the key of an entry. The first byte of a key may be "=". ok is false for an entry
// without a key, which environ passes on as it is.
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

// searchPath returns the PATH in which a program without a slash is looked up.
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
