//go:build amd64 || arm64

package process

import (
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// CanReplace reports whether Replace honours all the fields that its comment lists. Otherwise it is
// syscall.Exec.
func CanReplace() bool { return hasOwnFork() }

// Replace makes this process run the file of spec. It returns only on a failure, and then nothing
// has changed. Of Spec it honours Files, Args, Env, Dir, Slots, InheritOpen, UID, GID and Groups,
// of Settings Umask, Nice, IOPriority, CPUs, Rlimits, Chroot, AmbientCaps and NoNewPrivs. The
// caller must refuse the others.
//
// It calls execve(2) on a new thread that runs no other goroutine and has a table of descriptors, a
// directory, a root and a umask of its own (unshare(2)). Credentials, niceness, processors and
// privileges belong to a thread in the kernel. So if the file cannot be executed, all of these end
// with the thread, and other threads never see them. Replace restores what belongs to the process:
// resource limits, and the actions of ignored signals. A hard limit that was lowered stays lowered
// without CAP_SYS_RESOURCE.
//
// Safe to call from any goroutine.
func Replace(spec *Spec) *Failure {
	replacing.Lock()
	defer replacing.Unlock()
	if !hasOwnFork() {
		return replaceByExec(spec)
	}
	if spec.UID != nil || spec.GID != nil {
		defer keepDumpable()()
	}
	for pause := time.Millisecond; ; pause *= 2 {
		results := make(chan *Failure, 1)
		go replaceOnThread(spec, results) // It ends with its result, and its thread with it.
		failure := <-results
		if failure.Err != syscall.ETXTBSY || pause > textBusyLongest {
			failure.blameInterpreter(spec)
			return failure
		}
		time.Sleep(pause) // The kernel does not report when the last writer closes the file.
	}
}

// replacing allows one attempt at a time. Otherwise one could mistake the temporary limits and
// signals of another for those of this process, and restore these.
var replacing sync.Mutex

// replaceOnThread is the goroutine of one attempt. It does not unlock its thread, so the thread
// ends with it.
func replaceOnThread(spec *Spec, results chan<- *Failure) {
	runtime.LockOSThread()
	if isMainThread() {
		next := make(chan *Failure, 1)
		// This goroutine has the main thread, so the next one gets another.
		go replaceOnThread(spec, next)
		results <- <-next
		runtime.UnlockOSThread()
		return
	}
	results <- replaceHere(spec)
}

// replaceHere makes one attempt on this thread, which must end afterwards.
func replaceHere(spec *Spec) *Failure {
	if failure := spec.Settings.checkCPUs(); failure != nil {
		return failure
	}
	// A directory of its own also lets other threads go on: while a thread executes, clone(2) fails
	// with EAGAIN in threads that share its directory.
	if unix.Unshare(unix.CLONE_FILES|unix.CLONE_FS) != nil {
		return &Failure{Step: StepSlots, Err: unix.ENOTSUP}
	}
	p := new(program)
	if failure := p.buildReplace(spec); failure != nil {
		return failure
	}
	replace(p)
	runtime.KeepAlive(p)
	return p.failure(spec)
}
