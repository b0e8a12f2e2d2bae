package main

import (
	"cmp"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/brood-go/brood/bench/samples"
	"github.com/brood-go/brood/pool"
)

//go:embed peers/pool.js peers/poolworker.js peers/pooltask.js peers/pool.py
var poolScripts embed.FS

// poolScript writes the scripts and the helper for Node workers to a folder, and returns the file
// of one.
func poolScript(name string) (file string, remove func()) {
	dir, err := os.MkdirTemp("", "brood-bench")
	check(err)
	writePoolScripts(dir)
	return filepath.Join(dir, name), func() { check(os.RemoveAll(dir)) }
}

func writePoolScripts(dir string) {
	all, err := poolScripts.ReadDir("peers")
	check(err)
	for _, entry := range all {
		text, err := poolScripts.ReadFile("peers/" + entry.Name())
		check(err)
		check(os.WriteFile(filepath.Join(dir, entry.Name()), text, 0o644))
	}
	check(pool.WriteNodeHelper(filepath.Join(dir, "brood-worker.cjs")))
}

// npmModules returns the folder of the peers from npm, where `make bench-peers` puts them.
// BROOD_BENCH_NPM names another node_modules.
func npmModules() string {
	dir, err := filepath.Abs(cmp.Or(os.Getenv("BROOD_BENCH_NPM"), "../.cache/bench-peers/node_modules"))
	check(err)
	return dir
}

// scriptPool is a pool of another language. Its parent process measures the time.
type scriptPool struct {
	name  string
	start func() poolPeer
}

// scriptPools returns the pools whose language and library are installed.
func scriptPools() (all []scriptPool) {
	if node, ok := findPeer("node"); ok {
		for _, name := range npmPools {
			if lookNPM(name) == nil {
				all = append(all, scriptPool{name, func() poolPeer { return newScriptPool(node, "pool.js", name) }})
			}
		}
	}
	if python, ok := findPeer("python3"); ok {
		for _, name := range []string{executor, "multiprocessing"} {
			all = append(all, scriptPool{name, func() poolPeer { return newScriptPool(python, "pool.py", name) }})
		}
	}
	return all
}

var npmPools = []string{"piscina", "workerpool", jestWorker}

func lookNPM(name string) error {
	_, err := os.Stat(filepath.Join(npmModules(), name))
	return err
}

// reportPackages prints and notes in the run which packages from npm are missing, and remembers the
// versions of the others.
func reportPackages(run *samples.Run, names ...string) {
	for _, name := range names {
		if err := lookNPM(name); err != nil {
			reportMissingPeer(run, name, fmt.Errorf("%w (make bench-peers)", err))
			continue
		}
		foundVersions[name] = npmVersion(name)
	}
}

// scriptPoolServer is a server that understands
//
//	echo N EACH ALL   have N jobs done, ALL at once, and with one worker EACH: nanoseconds
//	large N SIZE      send N times SIZE bytes there and back, one at a time: nanoseconds
//	start             start another pool, until both of its workers have answered: nanoseconds
type scriptPoolServer struct{ server }

func newScriptPool(runtime, script, library string) *scriptPoolServer {
	return &scriptPoolServer{server{command: func(dir string) *exec.Cmd {
		writePoolScripts(dir)
		cmd := exec.Command(runtime, filepath.Join(dir, script), library)
		cmd.Env = append(os.Environ(), "NODE_PATH="+npmModules())
		return cmd
	}}}
}

func (p *scriptPoolServer) echo(n int, load poolLoad) time.Duration {
	return time.Duration(p.ask("echo %d %d %d", n, load.each, load.all))
}

func (p *scriptPoolServer) large(n, size int) time.Duration {
	return time.Duration(p.ask("large %d %d", n, size))
}

func (p *scriptPoolServer) startAnother() time.Duration { return time.Duration(p.ask("start")) }
