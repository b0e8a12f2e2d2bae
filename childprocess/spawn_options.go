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

// Signal is the type of a signal number.
type Signal = syscall.Signal

// Options say how a child is started. A nil *Options means all defaults. They are not kept or
// changed.
type Options struct {
	// Dir is the child's working directory. "": the parent's. A program or a PATH element that is a
	// relative path is looked up from there.
	Dir string

	// Env is the child's whole environment, as "KEY=value". Of entries with the same key the last
	// one counts. Nil: the parent's at the time of the call, with PWD set to Dir if that is given.
	// Empty but not nil: no variable at all.
	Env []string

	// ParentPath has a program without a slash looked up in the parent's PATH, also when Env has
	// another.
	ParentPath bool

	// Argv0 is the child's argv[0]. "": the program as it was given.
	Argv0 string

	// Stdio says what each descriptor of the child is, by number. Missing ones, and the zero Stdio,
	// are Pipe for 0 to 2 and closed above.
	Stdio []Stdio

	// ListenFDs are what the child is passed from descriptor 3 on, as a service manager does
	// (sd_listen_fds(3)), and told of by LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID, its process id
	// as it sees it. An IPC of Stdio goes behind them; nothing else may be given above 2.
	// BackendForkExec cannot write that variable. See the function [ListenFDs] for the other side.
	ListenFDs []ListenFD

	// Serialization is how messages to and from the child become bytes, where Stdio has IPC. The
	// zero value is JSON.
	Serialization ipc.Serialization

	// MaxMessage and MaxQueue bound, in bytes, what a child that floods its parent, or never reads,
	// makes the parent keep: see [ipc.Options], whose defaults 0 stands for. They are for a child
	// that has IPC in Stdio and cannot be trusted.
	MaxMessage, MaxQueue int

	// Encoding is what OnText of the child's streams decodes: see [streams.Encoding]. The zero
	// value is UTF-8. Data and collected output are bytes in any case; their Decode is that of the
	// encoding.
	Encoding streams.Encoding

	// LineEnd and MaxLine are what lines are for OnLine and Lines of the child's streams, and
	// HighWaterMark is how many bytes Stdin, the other Writables and the bridges to goroutines hold
	// before they ask to wait: see [streams.ReadableOptions] and [streams.WritableOptions], whose
	// defaults 0 stands for. For programs that show their progress in one line LineEnd is
	// streams.CarriageReturn, for those that end their items by zero bytes streams.NUL.
	LineEnd       streams.LineEnd
	MaxLine       int
	HighWaterMark int

	// PipeCapacity is how many bytes the pipes of slots 0 to 2 hold, which the kernel rounds up
	// (fcntl(2), F_SETPIPE_SZ). It is Linux's: elsewhere it is an *[UnsupportedError]. 0: what the
	// system gives, 64 KiB, which the library enlarges while much goes through; one that is given
	// here stays. Without a privilege there is a limit, /proc/sys/fs/pipe-max-size, beyond which
	// the error is a *[SpawnError] with StepStdio, the Path "PipeCapacity" and EPERM.
	PipeCapacity int

	// Detached starts the child as the leader of a new session and process group (setsid(2)).
	Detached bool

	// Setpgid puts the child into the process group Pgid, of this session, or with 0 into a new one
	// that it leads (setpgid(2)). Detached makes a group already, and does not go with it.
	Setpgid bool
	Pgid    int

	// UID, GID and Groups change the child's credentials; nil leaves them. With UID or GID the
	// supplementary groups are replaced by Groups, as far as the parent may do that.
	UID, GID *uint32
	Groups   []uint32

	// Foreground makes the child's process group the foreground group of this program's terminal
	// (tcsetpgrp(3)), before the child executes: it may then read the terminal, and ^C reaches it.
	// Without Setpgid it gets a group of its own, as by Setpgid with Pgid 0. Who takes the terminal
	// back when the child has ended or stopped is this program. StepForeground with ENXIO: there is
	// no terminal. Detached and a PTY do not go with it.
	Foreground bool

	// FDPolicy is what the child has beside Stdio. The zero value, FDsSlots, is nothing.
	FDPolicy FDPolicy

	// Backend is how the child is started. The zero value, BackendAuto, is the best that there is.
	Backend Backend

	// The following settings are the child's alone: nothing of this program changes, not even for a
	// moment. They hold when the program executes its first instruction. A nil pointer, an empty
	// string and a zero leave things as they are. Where a privilege is needed it is this program's,
	// since the user changes last. Which system and which Backend has which is in the package
	// documentation; what cannot be honoured is an *[UnsupportedError], never ignored.

	// Umask is the child's file mode creation mask, 0 to 0777 (umask(2)).
	Umask *int

	// Nice is the child's niceness, -20, the most urgent, to 19 (setpriority(2)). To lower it takes
	// a privilege.
	Nice *int

	// IOPriority is the child's I/O priority as ioprio_set(2) has it: a class, 1 to 3, shifted left
	// by 13, and a level, 0 to 7. 0: the one that follows from the niceness.
	IOPriority *int

	// OOMScore is how willingly the kernel ends the child when memory is short, -1000, never, to
	// 1000 (oom_score_adj of proc_pid_oom_score_adj(5)). To go below what this program has takes a
	// privilege: StepOOMScore with EACCES.
	OOMScore *int

	// CPUs are the processors that the child may run on, by number from 0 (sched_setaffinity(2)).
	// One that the machine cannot have is refused; of the others those are left out that the cpuset
	// of the child does not have.
	CPUs []int

	// Rlimits are resource limits of the child, one for a resource. See [Rlimit].
	Rlimits []Rlimit

	// Cgroup is the directory of a cgroup of version 2 that the child starts in (cgroups(7)): it is
	// there from its first instruction, by clone3(2), before Linux 5.7 by cgroup.procs. StepCgroup:
	// EBUSY for one that is frozen, in which no child would ever run, or that distributes resources
	// to others; EAGAIN for one that is full; ENOTSUP for one of version 1; EINVAL for what is no
	// cgroup. (One that is frozen just then has the call wait until it is thawed.)
	//
	// A child that has the cgroup for itself can be ended with all its descendants, see
	// [ChildProcess.KillTree], and Usage has the memory of all of them. The cgroup is the caller's:
	// it is neither made nor removed, and no other one is made below it.
	Cgroup string

	// Cloneflags are the namespaces(7) that the child gets of its own, CLONE_NEWNS, CLONE_NEWPID
	// and so on of clone(2). In a user namespace (CLONE_NEWUSER), for which no privilege is needed,
	// the child has all capabilities until it executes the program, and the other settings can use
	// them. The program has all of them if its user is 0 there, see UidMappings, and else those of
	// AmbientCaps. A time namespace (CLONE_NEWTIME, Linux 5.6) takes clone3(2), which
	// BackendForkExec does not use; its clocks are those of this program.
	Cloneflags uintptr

	// UidMappings and GidMappings say who the users and the groups of a new user namespace are
	// outside (user_namespaces(7), uid_map); they need CLONE_NEWUSER in Cloneflags. Without a
	// privilege that is one user, who this program runs as, and one group; UID, GID and Groups are
	// those inside. setgroups(2) is denied in the namespace unless GidMappingsEnableSetgroups is
	// set. What the kernel refuses is StepIDMaps.
	UidMappings, GidMappings   []IDMap
	GidMappingsEnableSetgroups bool

	// Chroot is the child's root directory (chroot(2)), which takes a privilege. The program, its
	// interpreter, PATH and Dir are those below it; Dir must be absolute, and "" is the new root.
	Chroot string

	// AmbientCaps are capabilities that the child has as whatever user (capabilities(7),
	// "ambient"), by the numbers CAP_… of the manual. This program must have them.
	AmbientCaps []uintptr

	// NoNewPrivs keeps the child, and all that it starts, from getting privileges by executing a
	// program (PR_SET_NO_NEW_PRIVS(2const)).
	NoNewPrivs bool

	// Landlock is a ruleset that restricts the child and all that it starts (landlock(7), Linux
	// 5.13), as landlock_create_ruleset(2) returns it and a library fills it. os.NewFile makes a
	// file of a descriptor; of the -1 with which a library says that there is nothing to enforce it
	// makes nil, which is no restriction. It is borrowed, and may be closed when the call has
	// returned, also for an Async child. The child does not have it. LandlockFlags are those of
	// landlock_restrict_self(2), usually 0.
	//
	// It needs NoNewPrivs, or CAP_SYS_ADMIN as the user that the child becomes: StepLandlock with
	// EPERM otherwise. EBADFD: it is no ruleset. EINVAL: the kernel does not know the flags. E2BIG:
	// this program is in 16 of them already.
	//
	// The child enters it when all is done but for the signal mask and Seccomp. Dir, Chroot, Cgroup
	// and what Stdio names were opened before, and need not be allowed. What is opened afterwards,
	// in a Chroot below it, the child must be allowed to read and to execute: the program, its
	// interpreter and the dynamic loader, or StepProgram fails with EACCES; and the libraries, or
	// the loader complains.
	//
	// BackendForkExec does not have it, nor Seccomp. There PreSpawn can restrict the thread that
	// forks.
	Landlock      *os.File
	LandlockFlags uint32

	// Seccomp is a filter for the system calls of the child and all that it starts (seccomp(2),
	// SECCOMP_SET_MODE_FILTER, without flags), 1 to 4096 instructions. Nil: none. It needs
	// NoNewPrivs, or CAP_SYS_ADMIN as the user that the child becomes: StepSeccomp with EACCES
	// otherwise. EINVAL: it is no filter that the kernel takes.
	//
	// It is in force from the child's execve(2) on, the last thing that is done. Beside what the
	// program calls it must allow that one, and exit(2) or exit_group(2), by which a child ends
	// that cannot execute its program. Nothing else is called then, and why it could not is
	// reported as ever. A filter that refuses execve(2) whatever the arguments are, or both of the
	// others, or for these looks at where they are called from, is an *[ArgumentError]. One that
	// refuses execve(2) for its arguments has the start fail, with StepProgram, or if it kills the
	// child end by SIGSYS: before Linux 5.16 together with this program, whose memory the child
	// still has.
	Seccomp []SockFilter

	// Pdeathsig is sent to the child when this program ends, however that happens
	// (PR_SET_PDEATHSIG(2const)). It is cleared when the child executes a set-user-ID program or
	// one with capabilities, and its own children do not get it. The kernel sends it when the
	// thread ends that has forked the child: such a child is forked on a thread which this program
	// keeps for as long as one of them lives, and is in the namespaces of the program, not of the
	// caller's thread. It does not go with FDsSlots on BackendForkExec.
	//
	// A child that finds, before it executes, that this program has ended meanwhile ends too; in a
	// PID namespace of its own it cannot see that.
	Pdeathsig Signal

	// PreSpawn is called just before the child is forked, on an OS thread that nobody else uses,
	// that forks the child, and that ends afterwards. It is locked to its goroutine
	// (runtime.LockOSThread) and is not the main thread. What PreSpawn changes of that thread holds
	// for the child alone: namespaces (unshare(2), setns(2)), mounts in a mount namespace of its
	// own, capabilities, a seccomp filter. It must leave the thread the descriptors of the program
	// (CLONE_FILES of unshare(2)), which has to be able to start the child from there. It must not
	// use the loop, which waits for it, unless the child is Async: then it does not run on the loop
	// goroutine either way.
	//
	// Its error is that of the start, a *[SpawnError] with StepPreSpawn, and nothing is started. A
	// panic becomes a *[PanicError]. With Pdeathsig the thread lives as long as the child.
	PreSpawn func() error

	// Shell runs the command by this shell, "sh -c" in effect; usually [DefaultShell]. "": no
	// shell. The file and the arguments are joined by blanks, and nothing is quoted: whoever puts
	// text from outside into them lets that text run commands. See [Quote]. A blank is put in front
	// of a command that begins with "-" or "+", so that the shell does not take it for an option.
	// (Node's shell does.)
	Shell string

	// Context ends the child with KillSignal when it is done (Node's AbortSignal). The error event
	// then has an *[AbortError], followed by exit. When it is done before the call, the child is
	// started all the same, and ended after its spawn event.
	Context context.Context

	// Timeout ends the child with KillSignal when it has not exited after this time. 0: no limit.
	Timeout time.Duration

	// KillSignal is what Timeout, Context and Terminate send. 0: SIGTERM. Whom it goes to depends
	// on the child:
	//
	//   - A child that leads a process group, because it is Detached, has a PTY, or has Setpgid and
	//     no Pgid: to the whole group. Who is left of the group when its leader has exited gets the
	//     signal once more.
	//   - A Shell with a Timeout or a Context, in a program that has no controlling terminal: the
	//     same. The shell is given a group, so that the programs it runs end with it.
	//   - Any other Shell: to the shell and its descendants, on Linux. They are found by /proc, and
	//     are stopped meanwhile for up to 20 ms, so that none can start another one unseen. The
	//     shell stays in the group of this program: on a terminal it is in the foreground, and ^C
	//     reaches it.
	//   - Any other child: to the child alone.
	//
	// Whoever is stopped is continued, to see the signal.
	KillSignal Signal

	// Cancel is what the limits, Terminate among them, do to the child; CancelFunc does it instead
	// of KillSignal if it is given. It is called once, and a KillGrace counts from there. Like
	// StopWhen it is called on the loop goroutine; by SpawnSync and its relatives on the goroutine
	// that calls them, by OutputWith and its relatives on one that they share, where a panic ends
	// the program.
	Cancel     CancelPolicy
	CancelFunc func(*ChildProcess)

	// KillScope is whom they signal.
	KillScope KillScope

	// IdleTimeout ends the child, with [ErrIdle], when it has written nothing for this long that
	// this program reads or could read, messages included. The time does not count in which this
	// program has paused a stream that has data, or who takes the data is slower: the child may be
	// waiting then. It is found out no sooner than that, and up to a quarter later. 0: no limit.
	IdleTimeout time.Duration

	// StopWhen ends the child, with [ErrEnough], as soon as it returns true. It is called with each
	// chunk of what the child writes to its pipes, and the slot, and so has the pipes read (what it
	// writes to a terminal counts as slot 1); what it looks for may lie across chunks. The chunk is
	// valid until it returns. For the goroutine see CancelFunc. A form that calls back or returns
	// has no error for this end.
	StopWhen func(slot int, chunk []byte) bool

	// Overflow is what becomes of output over the MaxBuffer of a form that collects it.
	Overflow Overflow

	// KillGrace is the time from KillSignal to SIGKILL, for a child that does not obey. 0: SIGKILL
	// is not sent. Where others than the child are signalled, close waits until all of them have
	// ended or the grace is over; for a group this needs a system that can signal it after its
	// leader has gone (Linux 6.9).
	//
	// The forms that collect output close the pipes at the end of the grace, or with the exit:
	// until then the child may write its last words. Without a grace they close the pipes at once,
	// as Node does.
	KillGrace time.Duration

	// CloseGrace is the longest time from exit to close: a grandchild that holds the pipes, such as
	// the daemon that the child was to start, cannot delay close for longer. What was written until
	// then is read; streams that flow come to their end, those that are paused are destroyed, and
	// later writers get SIGPIPE. In every form that is no error, and a child that has exited with 0
	// is a success: ExitStatus.CutOff says that there may be less output than there was going to
	// be. 0: no limit, as in Node.
	CloseGrace time.Duration

	// Async has the program started by another thread, for a program that may take long to execute,
	// from a slow file system say, or for a loop that must not wait. Spawn then returns before
	// there is a process: Pid is 0 until the spawn event, the streams exist and Stdin can be
	// written to, and whatever the system refuses is the error event, never an error that Spawn
	// returns. Timeout and Context count from spawn; a Kill before it reaches the child when it
	// runs. At most 64 children of a loop are started at once, the others wait for their turn. The
	// forms that have no loop refuse it: they start their children on the goroutine that calls
	// them.
	Async bool

	// StopEvents has OnStop and OnContinue called. They need SIGCHLD, which is watched while such a
	// child lives.
	StopEvents bool

	input  []byte // stdin's pipe gets as much of it as it takes before the child is started
	source *input // of an Input in slot 0, which is a Pipe or a file by then; nil without
}

const (
	containsNUL = "contains a NUL byte"
	secondIPC   = "is a second IPC"
)

// validate finds the mistakes in a call that no system call has to find.
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
		return bad("UID", "is out of range") // -1 means "leave it" to setuid(2)'s relatives.
	case o.GID != nil && *o.GID == math.MaxUint32:
		return bad("GID", "is out of range")
	case slices.Contains(o.Groups, math.MaxUint32):
		return bad("Groups["+strconv.Itoa(slices.Index(o.Groups, math.MaxUint32))+"]", "is out of range")
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
