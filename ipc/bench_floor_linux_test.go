package ipc_test

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkIPCEchoFloor measures the kernel's part of a round trip: the bytes of BenchmarkIPCEcho
// without their meaning, over the same kind of socket, with epoll_wait(2), read and write.
func BenchmarkIPCEchoFloor(b *testing.B) {
	x, y := socketPair(b)
	message := []byte(`{"n":1,"s":"hello"}` + "\n")
	end := make(chan struct{})
	go func() {
		defer close(end)
		pingPong(y, func(int) bool { return true })
	}()
	b.ResetTimer()
	if _, err := unix.Write(x, message); err != nil {
		b.Fatal(err)
	}
	pingPong(x, func(n int) bool { return n < b.N })
	b.StopTimer()
	<-end
}

// pingPong sends the bytes that it reads back while more returns true, then closes fd.
func pingPong(fd int, more func(n int) bool) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer unix.Close(fd)
	_ = unix.SetNonblock(fd, true)
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		panic(err)
	}
	defer unix.Close(ep)
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN}); err != nil {
		panic(err)
	}
	events := make([]unix.EpollEvent, 16)
	buf := make([]byte, 64<<10)
	for n := 0; ; {
		if _, err := unix.EpollWait(ep, events, -1); err != nil {
			continue
		}
		k, err := unix.Read(fd, buf)
		if k == 0 || err != nil {
			return
		}
		if n++; !more(n) {
			return
		}
		if _, err := unix.Write(fd, buf[:k]); err != nil {
			return
		}
	}
}
