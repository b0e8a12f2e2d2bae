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

// defaultPath is searched when the environment has no PATH, as execvp(3) does.
const defaultPath = "/bin:/usr/bin"

// environ returns the child's environment.
func (o *Options) environ() []string {
	if o.Env != nil {
		return lastOfEach(o.Env)
	}
	// A channel or a place as a worker that this program has not taken is its own all the same.
	env := without(syscall.Environ(), channelFD, channelMode, workerName)
	dir := o.Dir
	switch {
	case dir == "" && o.Chroot == "":
		return env
	case dir == "":
		dir = "/"
	}
	// Programs trust PWD; a stale one would name the parent's directory.
	if dir, err := filepath.Abs(dir); err == nil {
		env = lastOfEach(append(env, "PWD="+dir))
	}
	return env
}

// The variables that tell a child of its channel (Node v20, lib/child_process.js, and its
// documentation of child_process.spawn), and a worker of its name.
const (
	channelFD   = "NODE_CHANNEL_FD"
	channelMode = "NODE_CHANNEL_SERIALIZATION_MODE"
	workerName  = "BROOD_WORKER"
)

// withChannel returns env with the channel's two variables behind all others, as Node writes them,
// and no others of their names: a program that reads the first of several would take the wrong
// channel.
func withChannel(env []string, slot int, s ipc.Serialization) []string {
	return append(without(env, channelFD, channelMode), channelFD+"="+strconv.Itoa(slot), channelMode+"="+s.String())
}

// without removes the entries with one of the keys.
func without(env []string, keys ...string) []string {
	return slices.DeleteFunc(env, func(entry string) bool {
		key, ok := keyOf(entry)
		return ok && slices.Contains(keys, key)
	})
}

// lastOfEach keeps, of entries with the same key, the last one, at its place. The result is never
// nil, and it is a copy.
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

// keySet has the keys of entries of an environment. Each child has one made, and a map would take
// most of the time that an environment does.
type keySet struct {
	env   []string
	slots [4 * usualVariables]uint8 // 1 + the number of an entry; 0: none
	// in place of slots, for an environment with more than usualVariables
	many map[string]bool
}

// usualVariables is how many variables an environment has, but for few. A number of an entry is
// less than that.
const usualVariables = 128

func newKeySet(env []string) (s keySet) {
	if s.env = env; len(env) > usualVariables {
		s.many = make(map[string]bool, len(env))
	}
	return s
}

// add adds the key of entry i, and reports whether it is a new one.
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

// keyOf returns the key of an entry; a key may begin with "=". Entries without one are passed on as
// they are.
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
