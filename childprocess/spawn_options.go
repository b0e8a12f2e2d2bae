package childprocess

import (
	"context"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/signals"
	"github.com/brood-go/brood/streams"
)

// Signal is a signal number.
type Signal = syscall.Signal

// Options say how a child is started. A nil *Options means all defaults, and a field's zero value
// means its default. The call neither keeps nor changes them.
type Options struct {
	// Dir is the child's working directory. "": this program's. A relative program, or a relative
	// element of PATH, is looked up from Dir.
	Dir string

	// Env is the child's whole environment, as "KEY=value". If a key occurs more than once, its
	// last entry counts. Nil: this program's at the time of the call, with PWD set to Dir if Dir is
	// not "". Empty but not nil: no variables.
	Env []string

	// ParentPath looks up a program without a slash in this program's PATH, even if Env has
	// another.
	ParentPath bool

	// Argv0 is the child's argv[0]. "": file, as it was given.
	Argv0 string

	// Stdio is the child's descriptors, by number. A missing one, and the zero Stdio, is a Pipe for
	// 0 to 2 and closed above.
	Stdio []Stdio

	// ListenFDs are the child's descriptors from 3 on, passed as a service manager does
	// (sd_listen_fds(3)): LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID, the child's own process id,
	// are set. An IPC of Stdio comes after them; no other slot above 2 may be given.
	// BackendForkExec refuses it, because it cannot set LISTEN_PID. The function [ListenFDs] is the
	// other side.
	ListenFDs []ListenFD

	// Serialization is the format of messages to and from the child, if Stdio has an IPC. The zero
	// value is JSON.
	Serialization ipc.Serialization

	// MaxMessage and MaxQueue limit the memory, in bytes, that the child's channel can make this
	// program use, by sending too much or by reading nothing: see [ipc.Options], also for the
	// meaning of 0. They are for a child with an IPC that is not trusted.
	MaxMessage, MaxQueue int

	// Encoding is the encoding that OnText of the child's streams decodes, see [streams.Encoding].
	// The zero value is UTF-8. Data and collected output are bytes; [streams.Encoding.Decode]
	// makes text of them.
	Encoding streams.Encoding

	// LineEnd and MaxLine define the lines of OnLine and Lines of the child's streams.
	// HighWaterMark is the number of bytes that Stdin, the other Writables and the bridges to
	// goroutines hold before the writer should wait. See [streams.ReadableOptions] and
	// [streams.WritableOptions], also for the meaning of 0. A program that rewrites a progress line
	// needs streams.CarriageReturn, one that separates items by zero bytes streams.NUL.
	LineEnd       streams.LineEnd
	MaxLine       int
	HighWaterMark int

	// PipeCapacity is the capacity of the pipes of slots 0 to 2 in bytes, which the kernel rounds
	// up (fcntl(2), F_SETPIPE_SZ); systems other than Linux return an *[UnsupportedError]. 0: the
	// system's, 64 KiB, which the library raises while there is much data; a given capacity stays.
	// Without a privilege, more than /proc/sys/fs/pipe-max-size is a *[SpawnError] with StepStdio,
	// the Path "PipeCapacity" and EPERM.
	PipeCapacity int

	// Detached makes the child the leader of a new session and process group (setsid(2)).
	Detached bool

	// Setpgid puts the child into process group Pgid of this session, or for 0 into a new group
	// that it leads (setpgid(2)). It excludes Detached, which makes a group already.
	Setpgid bool
	Pgid    int

	// UID, GID and Groups are the child's credentials; nil: unchanged. With UID or GID, Groups
	// replaces the supplementary groups, if this program may change them.
	UID, GID *uint32
	Groups   []uint32

	// Foreground makes the child's process group the foreground group of this program's terminal
	// (tcsetpgrp(3)) before execve(2), so the child may read the terminal and ^C reaches it.
	// Without Setpgid, the child gets a group of its own, as with Setpgid and Pgid 0. This program
	// has to take the terminal back when the child has exited or stopped. Without a terminal, the
	// error is StepForeground with ENXIO. It excludes Detached and a PTY.
	Foreground bool

	// FDPolicy says which descriptors the child has besides Stdio. The zero value, FDsSlots: none.
	FDPolicy FDPolicy

	// Backend is the way to start the child. The zero value, BackendAuto: the best that the system
	// has.
	Backend Backend

	// The settings from here to Seccomp change the child alone, and this program not even for a
	// moment. They are in force when the program executes its first instruction. A nil pointer, an
	// empty string and a zero leave the setting as it is. A privilege that a setting needs is this
	// program's, because the user changes last. The package documentation says which system and
	// which Backend has which setting; a setting that cannot be honoured is an *[UnsupportedError],
	// never ignored.

	// Umask is the file mode creation mask, 0 to 0777 (umask(2)).
	Umask *int

	// Nice is the niceness, from -20, the most urgent, to 19 (setpriority(2)). Lowering it needs a
	// privilege.
	Nice *int

	// IOPriority is the I/O priority of ioprio_set(2): a class, 1 to 3, shifted left by 13, and a
	// level, 0 to 7. 0: derived from the niceness.
	IOPriority *int

	// OOMScore says how readily the kernel kills the child when memory is short: -1000, never, to
	// 1000 (proc_pid_oom_score_adj(5)). A score below this program's needs a privilege:
	// StepOOMScore with EACCES.
	OOMScore *int

	// CPUs are the processors that the child may run on, numbered from 0 (sched_setaffinity(2)). A
	// number that the machine cannot have is refused; a processor outside the child's cpuset is
	// left out.
	CPUs []int

	// Rlimits are the child's resource limits, at most one per resource. See [Rlimit].
	Rlimits []Rlimit

	// Cgroup is the directory of a version 2 cgroup (cgroups(7)). The child is in it from its first
	// instruction: by clone3(2), before Linux 5.7 by cgroup.procs. Errors are StepCgroup: EBUSY if
	// the cgroup is frozen, so the child would never run, or distributes resources to others;
	// EAGAIN if it is full; ENOTSUP if it is version 1; EINVAL if the directory is no cgroup. If
	// the cgroup is frozen during the start, the call waits until it is thawed.
	//
	// [ChildProcess.KillTree] reaches all descendants of a child that has a cgroup for itself, and
	// Usage has the memory of all of them. The cgroup is the caller's: the library neither makes
	// nor removes one.
	Cgroup string

	// Cloneflags are the new namespaces(7) of the child: CLONE_NEWNS, CLONE_NEWPID and so on of
	// clone(2). A user namespace (CLONE_NEWUSER) needs no privilege. In it the child has all
	// capabilities until execve(2), and the other settings can use them; afterwards it has all of
	// them if its user there is 0 (see UidMappings), else those of AmbientCaps. A time namespace
	// (CLONE_NEWTIME, Linux 5.6) needs clone3(2), so BackendForkExec refuses it; its clocks are
	// this program's.
	Cloneflags uintptr

	// UidMappings and GidMappings map the users and groups of a new user namespace to those outside
	// (user_namespaces(7), uid_map); they need CLONE_NEWUSER in Cloneflags. Without a privilege,
	// only this program's own user and group can be mapped. UID, GID and Groups are those inside.
	// Unless GidMappingsEnableSetgroups is set, setgroups(2) is denied in the namespace. A mapping
	// that the kernel refuses is StepIDMaps.
	UidMappings, GidMappings   []IDMap
	GidMappingsEnableSetgroups bool

	// Chroot is the child's root directory (chroot(2)), which needs a privilege. The program, its
	// interpreter, PATH and Dir are below it. Dir must be absolute; "" is the new root.
	Chroot string

	// AmbientCaps are capabilities that the child has whatever its user is (capabilities(7),
	// "ambient"), by the manual's numbers CAP_…. This program must have them.
	AmbientCaps []uintptr

	// NoNewPrivs keeps the child and its descendants from gaining privileges by execve(2)
	// (PR_SET_NO_NEW_PRIVS(2const)).
	NoNewPrivs bool

	// Landlock is a ruleset that restricts the child and its descendants (landlock(7), Linux 5.13),
	// made by landlock_create_ruleset(2) and filled by a library. Use os.NewFile to make a file of
	// a descriptor; it turns -1, a library's sign for no ruleset, into nil, which is no
	// restriction. Landlock is borrowed, and may be closed when the call has returned, also for an
	// Async child. The child does not have the descriptor. LandlockFlags are those of
	// landlock_restrict_self(2), usually 0.
	//
	// Landlock needs NoNewPrivs, or CAP_SYS_ADMIN as the child's user; otherwise the error is
	// StepLandlock with EPERM. EBADFD: it is no ruleset. EINVAL: the kernel does not know the
	// flags. E2BIG: this program has 16 rulesets already.
	//
	// The child enters the ruleset last but for the signal mask and Seccomp. Dir, Chroot, Cgroup
	// and the files of Stdio are opened before and need no permission. The ruleset must let the
	// child read and execute what is opened later, in a Chroot below that: the program, its
	// interpreter and the dynamic loader (otherwise StepProgram with EACCES), and the libraries
	// (otherwise the loader fails).
	//
	// BackendForkExec refuses Landlock and Seccomp; use PreSpawn to restrict the forking thread.
	Landlock      *os.File
	LandlockFlags uint32

	// Seccomp is a filter for the system calls of the child and its descendants (seccomp(2),
	// SECCOMP_SET_MODE_FILTER, without flags): 1 to 4096 instructions. Nil: none. It needs
	// NoNewPrivs, or CAP_SYS_ADMIN as the child's user; otherwise the error is StepSeccomp with
	// EACCES. EINVAL: the kernel does not accept the filter.
	//
	// The filter is set just before execve(2), so it must allow that call, and exit(2) or
	// exit_group(2), by which the child ends if execve(2) fails; the failure is reported without
	// another call. A filter is an *[ArgumentError] if it refuses execve(2) whatever the arguments,
	// or both exits, or if its answer for these depends on the instruction pointer. If it refuses
	// execve(2) because of its arguments, the start fails with StepProgram; if it kills the child,
	// the child ends by SIGSYS, and before Linux 5.16 this program with it, because they share
	// memory until execve(2).
	Seccomp []SockFilter

	// Pdeathsig is sent to the child when this program ends in any way (PR_SET_PDEATHSIG(2const)).
	// The kernel clears it when the child executes a set-user-ID program or one with capabilities,
	// and descendants do not inherit it. Because the kernel sends it at the end of the forking
	// thread, such children are forked on a thread that lives as long as any of them. They are in
	// the namespaces of the program, not of the calling thread. On BackendForkExec it excludes
	// FDsSlots.
	//
	// If this program ends before the child has executed, the child ends, too. In a PID namespace
	// of its own the child cannot see that.
	Pdeathsig Signal

	// PreSpawn is called just before the fork, on an OS thread of its own, which forks the child
	// and then ends. The thread is locked to its goroutine (runtime.LockOSThread) and is not the
	// main thread. PreSpawn may change the thread, and so the child alone: namespaces (unshare(2),
	// setns(2)), mounts in its mount namespace, capabilities, a seccomp filter. The thread must
	// still share its descriptors with the program (CLONE_FILES of unshare(2)) and be able to start
	// the child. PreSpawn must not use the loop, which waits for it; for an Async child it does not
	// run on the loop goroutine either.
	//
	// If PreSpawn returns an error, nothing is started, and the error is a *[SpawnError] with
	// StepPreSpawn. A panic becomes a *[PanicError]. With Pdeathsig, the thread lives as long as
	// the child.
	PreSpawn func() error

	// Shell is the shell that runs the command, by "sh -c", usually [DefaultShell]. "": no shell.
	// The file and the arguments are joined by blanks. Nothing is quoted: text from outside can run
	// commands, see [Quote]. A command that begins with "-" or "+" gets a blank in front, because
	// the shell would take it for an option, as it does in Node.
	Shell string

	// Context kills the child with KillSignal when it is done (Node's AbortSignal). The error event
	// then has an *[AbortError], and exit follows. If the context is done before the call, the
	// child is started, and killed after its spawn event.
	Context context.Context

	// Timeout kills the child with KillSignal if it has not exited after this time. 0: no limit.
	Timeout time.Duration

	// KillSignal is the signal of Timeout, Context and Terminate. 0: SIGTERM. With KillScope
	// ScopeAuto it goes
	//
	//   - to the process group that the child leads, if it is Detached, has a PTY, or has Setpgid
	//     or Foreground without Pgid. When the leader has exited, the rest of the group gets it
	//     again;
	//   - to the process group of a Shell with a Timeout, an IdleTimeout or a Context and without
	//     Setpgid, if this program has no controlling terminal. The shell gets a group for that, so
	//     the programs that it runs end with it;
	//   - to any other Shell and its descendants, on Linux. They are found in /proc, and stopped
	//     for up to 20 ms, because each could start another meanwhile. The shell stays in this
	//     program's group: on a terminal it is in the foreground, and ^C reaches it;
	//   - to any other child alone.
	//
	// A stopped process is continued, because otherwise it would not see the signal.
	KillSignal Signal

	// Cancel says how a limit, or Terminate, kills the child. CancelFunc, if not nil, is called in
	// place of KillSignal, once; a KillGrace counts from there. CancelFunc and StopWhen are called
	// on the loop goroutine: by SpawnSync and its relatives on the calling goroutine, by OutputWith
	// and its relatives on a goroutine that they share, where a panic ends the program.
	Cancel     CancelPolicy
	CancelFunc func(*ChildProcess)

	// KillScope says which processes the limits and Terminate signal.
	KillScope KillScope

	// IdleTimeout kills the child, with [ErrIdle], if for this long it has written nothing, neither
	// output nor a message, that this program reads or could read. Time does not count while this
	// program has paused a stream that has data, or a slower reader holds it up, because the child
	// may be waiting. The child is killed up to a quarter of IdleTimeout later. 0: no limit.
	IdleTimeout time.Duration

	// StopWhen kills the child, with [ErrEnough], when it returns true. It is called with each
	// chunk of each pipe of the child, and the slot (1 for a terminal), so it starts the flow. A
	// pattern may lie across chunks. chunk is valid until StopWhen returns. CancelFunc says on
	// which goroutine it runs. For a form that calls back or returns, this end is no error.
	StopWhen func(slot int, chunk []byte) bool

	// Overflow says what happens to output beyond the MaxBuffer of a form.
	Overflow Overflow

	// KillGrace is the time from KillSignal to SIGKILL. 0: no SIGKILL. If processes other than the
	// child are signalled, close waits until all have exited or the grace is over; for a group,
	// this needs a system that can signal it after its leader's exit (Linux 6.9).
	//
	// The forms that collect output close the pipes at the exit or at the end of the grace, because
	// the child may write last words until then. Without a grace they close them at once, as Node
	// does.
	KillGrace time.Duration

	// CloseGrace is the longest time from exit to close, if a descendant holds the pipes, such as a
	// daemon that the child has started. 0: no limit, as in Node. At its end, flowing streams
	// deliver the bytes that are in the pipe, and end; paused streams are destroyed; later writers
	// get SIGPIPE. In every form that is no error, and a child that exited with 0 is a success.
	// ExitStatus.CutOff says that there may have been more output.
	CloseGrace time.Duration

	// Async starts the program on another thread, because it may take long to execute, from a slow
	// file system for example, or because the loop must not wait. Spawn returns before there is a
	// process. Until spawn, Pid is 0; the streams exist, and Stdin can be written to. Every refusal
	// of the system is the error event. Timeout and Context count from spawn; a signal sent before
	// reaches the child at spawn. At most 64 children of a loop are started at once; the others are
	// queued. The forms without a loop refuse Async, because they start the child on the calling
	// thread.
	Async bool

	// StopEvents enables OnStop and OnContinue. They need SIGCHLD, which is watched while such a
	// child lives.
	StopEvents bool

	input  []byte // first part of the input, written to stdin's pipe before the start
	source *input // the Input of slot 0, which is then a Pipe or a file; nil: none
}

const (
	containsNUL = "contains a NUL byte"
	secondIPC   = "is a second IPC"
)

// validate returns the *ArgumentError for a mistake that needs no system call to be found.
func (o *Options) validate(op, file string, args []string) error {
	bad := func(name, reason string) error { return &ArgumentError{op, name, reason} }
	subject := "file"
	if op == "exec" {
		subject = "command"
	}
	switch {
	case file == "":
		return bad(subject, "is empty")
	case strings.IndexByte(file, 0) >= 0:
		return bad(subject, containsNUL)
	case strings.IndexByte(o.Dir, 0) >= 0:
		return bad("Dir", containsNUL)
	case strings.IndexByte(o.Argv0, 0) >= 0:
		return bad("Argv0", containsNUL)
	case strings.IndexByte(o.Shell, 0) >= 0:
		return bad("Shell", containsNUL)
	case o.Timeout < 0:
		return bad("Timeout", "is negative")
	case o.KillGrace < 0:
		return bad("KillGrace", "is negative")
	case o.CloseGrace < 0:
		return bad("CloseGrace", "is negative")
	case o.KillSignal != 0 && !isSignal(o.KillSignal):
		return bad("KillSignal", "is not a signal")
	case o.Serialization != ipc.JSON && o.Serialization != ipc.Advanced:
		return bad("Serialization", "is unknown")
	case o.MaxMessage < 0:
		return bad("MaxMessage", "is negative")
	case !o.Encoding.Valid():
		return bad("Encoding", "is unknown")
	case !o.LineEnd.Valid():
		return bad("LineEnd", "is unknown")
	case o.HighWaterMark < 0:
		return bad("HighWaterMark", "is negative")
	case o.PipeCapacity < 0:
		return bad("PipeCapacity", "is negative")
	case o.PipeCapacity > math.MaxInt32:
		return bad("PipeCapacity", outOfRange)
	case o.PipeCapacity > 0 && !o.hasStandardPipe():
		return bad("PipeCapacity", "is given for a child without a pipe in slots 0 to 2")
	case o.UID != nil && *o.UID == math.MaxUint32:
		return bad("UID", outOfRange) // -1 means "unchanged" to setuid(2) and its relatives.
	case o.GID != nil && *o.GID == math.MaxUint32:
		return bad("GID", outOfRange)
	case slices.Contains(o.Groups, math.MaxUint32):
		return bad("Groups["+strconv.Itoa(slices.Index(o.Groups, math.MaxUint32))+"]", outOfRange)
	case o.Setpgid && o.Detached:
		return bad("Setpgid", "is not for a Detached child, which leads a group")
	case o.Pgid != 0 && !o.Setpgid:
		return bad("Pgid", "is given without Setpgid")
	case o.Pgid < 0 || o.Pgid > math.MaxInt32: // The kernel would drop the upper half.
		return bad("Pgid", "is not a process group")
	}
	if name, reason := o.settingsMistake(); name != "" {
		return bad(name, reason)
	}
	for i, a := range args {
		if strings.IndexByte(a, 0) >= 0 {
			return bad("args["+strconv.Itoa(i)+"]", containsNUL)
		}
	}
	for i, e := range o.Env {
		if strings.IndexByte(e, 0) >= 0 {
			return bad("Env["+strconv.Itoa(i)+"]", containsNUL)
		}
	}
	if err := o.policyMistake(op); err != nil {
		return err
	}
	channels := 0
	for i, s := range o.Stdio {
		if s.form == formIPC {
			channels++
		}
		if channels > 1 {
			return bad("Stdio["+strconv.Itoa(i)+"]", secondIPC)
		}
		reason := s.mistake()
		if s.form == formInput && i > 0 {
			reason = "is an Input, which only slot 0 can be"
		}
		if s.form == formTee {
			reason = s.tee.mistake(i)
		}
		if reason != "" {
			return bad("Stdio["+strconv.Itoa(i)+"]", reason)
		}
	}
	for i, s := range o.Stdio {
		if s.form != formSameAs {
			continue
		}
		if reason := o.sameMistake(i); reason != "" {
			return bad("Stdio["+strconv.Itoa(i)+"]", reason)
		}
	}
	return o.terminalMistake(op)
}

// isSignal reports whether the system has a signal of that number.
func isSignal(s Signal) bool {
	_, err := signals.Parse(strconv.Itoa(int(s)))
	return err == nil
}
