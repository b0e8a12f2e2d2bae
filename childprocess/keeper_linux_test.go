package childprocess_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// keeper is a program file whose execve(2) takes as long as the test wants: fanotify(7) asks for
// permission.
type keeper struct {
	path string

	// arrived has an entry for each execution that waits.
	arrived chan *arrival

	group *os.File
	ended chan struct{} // closed when no more executions arrive
}

// arrival is one execution that waits.
type arrival struct {
	keeper *keeper
	fd     int // opened by fanotify, of the file
	once   sync.Once
}

// keepScript makes a shell script, with a keeper.
func keepScript(t testing.TB, script string) *keeper {
	t.Helper()
	if plainFork() {
		t.Skip("syscall.ForkExec keeps other goroutines waiting for an execution, those of this test too")
	}
	group, err := unix.FanotifyInit(unix.FAN_CLASS_CONTENT|unix.FAN_CLOEXEC|unix.FAN_NONBLOCK, unix.O_RDONLY|unix.O_CLOEXEC)
	if err != nil {
		t.Skip("executions cannot be made slow here: ", err)
	}
	k := &keeper{
		path:    writeFile(t, filepath.Join(t.TempDir(), "kept"), "#!/bin/sh\n"+script+"\n", 0o755),
		arrived: make(chan *arrival, 1000),
		group:   os.NewFile(uintptr(group), "fanotify"),
		ended:   make(chan struct{}),
	}
	err = unix.FanotifyMark(group, unix.FAN_MARK_ADD, unix.FAN_OPEN_EXEC_PERM, unix.AT_FDCWD, k.path)
	if err != nil {
		require.NoError(t, k.group.Close())
		t.Skip("executions cannot be made slow here: ", err)
	}
	go k.listen() // It ends with the group.
	t.Cleanup(func() {
		_ = k.group.Close() // This permits all executions that still wait.
		<-k.ended
		close(k.arrived)
		for a := range k.arrived {
			a.close()
		}
	})
	return k
}

// The layout of the events that fanotify(7) writes.
const (
	fanotifyLength = 0  // offset of the event's length, 32 bits
	fanotifyFile   = 16 // offset of the descriptor, 32 bits
)

func (k *keeper) listen() {
	defer close(k.ended)
	buf := make([]byte, 4096)
	for {
		n, err := k.group.Read(buf)
		if err != nil {
			if !errors.Is(err, os.ErrClosed) {
				panic(err)
			}
			return
		}
		for events := buf[:n]; len(events) > 0; events = events[binary.NativeEndian.Uint32(events[fanotifyLength:]):] {
			k.arrived <- &arrival{keeper: k, fd: int(int32(binary.NativeEndian.Uint32(events[fanotifyFile:])))}
		}
	}
}

// letIn permits the execution.
func (a *arrival) letIn() {
	a.once.Do(func() {
		answer := binary.NativeEndian.AppendUint32(nil, uint32(a.fd))
		answer = binary.NativeEndian.AppendUint32(answer, unix.FAN_ALLOW)
		// When the group is closed, the kernel permits the execution.
		_, _ = a.keeper.group.Write(answer)
		_ = unix.Close(a.fd)
	})
}

// close closes an arrival whose keeper is gone.
func (a *arrival) close() { a.once.Do(func() { _ = unix.Close(a.fd) }) }

// delay permits every execution after a time.
func (k *keeper) delay(t testing.TB, d time.Duration) {
	var timers sync.WaitGroup
	stop := make(chan struct{})
	timers.Go(func() {
		for {
			select {
			case a := <-k.arrived:
				timers.Add(1)
				time.AfterFunc(d, func() {
					defer timers.Done()
					a.letIn()
				})
			case <-stop:
				return
			}
		}
	})
	t.Cleanup(func() { // Before the cleanup of the keeper.
		close(stop)
		timers.Wait()
	})
}
