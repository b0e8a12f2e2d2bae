//go:build amd64 || arm64

package process

import (
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// CanReplace reports whether Replace can honour the whole of a Spec that ReplaceOptions describes.
// Else it is syscall.Exec.
func CanReplace() bool { return hasOwnFork() }

// Replace has this process run the program of spec. It returns only on a failure, and then nothing
// has changed. Of spec it honours Files, Args, Env, Dir, Slots, InheritOpen, UID, GID and Groups,
// and of Settings Umask, Nice, IOPriority, CPUs, Rlimits, Chroot, AmbientCaps and NoNewPrivs; the
// caller refuses the rest.
//
// It is execve(2) on a thread that nobody else uses, with a table of descriptors, a directory, a
// root and a umask of its own (unshare(2)). Credentials, niceness, processors and privileges are a
// thread's in the kernel. So all of these go with the thread when the program cannot be executed,
// and the others never see them. What belongs to the process, resource limits and what happens to
// ignored signals, is put back; a hard limit that was lowered stays so without CAP_SYS_RESOURCE.
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
		time.Sleep(pause) // Nothing tells when the last one who writes the file has closed it.
	}
}

// replacing keeps one attempt from taking for the state of this process what another one has
// changed for a moment: the two would put back each other's limits and signals.
var replacing sync.Mutex

// replaceOnThread is the goroutine of one attempt. It does not unlock its thread.
func replaceOnThread(spec *Spec, results chan<- *Failure) {
	runtime.LockOSThread()
	if isMainThread() {
		next := make(chan *Failure, 1)
		go replaceOnThread(spec, next) // This goroutine has the main thread: it gets another.
		results <- <-next
		runtime.UnlockOSThread()
		return
	}
	results <- replaceHere(spec)
}

func replaceHere(spec *Spec) *Failure {
	if failure := spec.Settings.checkCPUs(); failure != nil {
		return failure
	}
	// With a directory of its own the thread does not keep others from being made either: while one
	// executes, clone(2) is EAGAIN for those who share it.
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
