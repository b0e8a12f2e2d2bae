package pool_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
)

// readyAttach is the member attach of a worker's ready message.
const readyAttach = `,"attach":"memfd"`

const allSeals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE | unix.F_SEAL_SEAL

func init() {
	// serve-attach [onloop] attaches the bytes of the job, inverted.
	helperproc.Register("serve-attach", func(args []string) {
		gate := make(chan struct{})
		serveHelper(pool.Handlers{
			"sum": func(_ context.Context, j *pool.Job) (any, error) {
				sum := sha256.Sum256(j.Attachment())
				return hex.EncodeToString(sum[:]), nil
			},
			"invert": func(_ context.Context, j *pool.Job) (any, error) {
				p := j.Attachment()
				for i := range p {
					p[i] ^= 0xff
				}
				return &pool.Reply{Value: len(p), Attach: p}, nil
			},
			"late": func(_ context.Context, j *pool.Job) (any, error) {
				if err := j.Progress("begun"); err != nil {
					return nil, err
				}
				<-gate
				sum := sha256.Sum256(j.Attachment())
				return hex.EncodeToString(sum[:]), nil
			},
			"go": func(context.Context, *pool.Job) (any, error) { close(gate); return nil, nil },
			"read": func(_ context.Context, j *pool.Job) (any, error) {
				f, err := j.Handle().File()
				if err != nil {
					return nil, err
				}
				defer f.Close()
				text, err := io.ReadAll(f)
				return string(text), err
			},
			"ignore": func(_ context.Context, j *pool.Job) (any, error) { return j.Handle() != nil, nil },
			"fds":    func(context.Context, *pool.Job) (any, error) { return len(leakcheck.FDs()), nil },
			"nil":    func(context.Context, *pool.Job) (any, error) { return (*pool.Reply)(nil), nil },
			"chan":   func(context.Context, *pool.Job) (any, error) { return pool.Reply{make(chan int), []byte("x")}, nil },
		}, &pool.ServeOptions{Concurrency: 2, OnLoop: len(args) > 0, OnError: func(err error) { fmt.Fprintln(os.Stderr, err) }})
	})
}

// memory returns a file of memory with the bytes p.
func memory(t testing.TB, p []byte, seals int) ipc.File {
	t.Helper()
	fd, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	require.NoError(t, err)
	f := os.NewFile(uintptr(fd), "memfd")
	t.Cleanup(func() { _ = f.Close() })
	_, err = f.Write(p)
	require.NoError(t, err)
	if seals != 0 {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals)
		require.NoError(t, err)
	}
	return ipc.File{File: f}
}

func (p *scriptedParent) sendWith(message string, handle any) {
	p.t.Helper()
	require.NoError(p.t, p.child.SendWith(rawJSON(message), &ipc.SendOptions{Handle: handle}))
}

// takeAttachment reads the next attachment of the worker into *into.
func (p *scriptedParent) takeAttachment(into *[]byte) {
	p.t.Helper()
	p.child.OnMessage(func(m *ipc.Message) {
		h := m.Handle()
		if h == nil {
			return
		}
		f, err := h.File()
		require.NoError(p.t, err)
		defer f.Close()
		seals, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0)
		require.NoError(p.t, err)
		require.Equal(p.t, allSeals, seals)
		info, err := f.Stat()
		require.NoError(p.t, err)
		*into = make([]byte, info.Size())
		_, err = f.ReadAt(*into, 0)
		require.NoError(p.t, err)
	})
}

func sumOf(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:])
}

// startAttach starts the helper with a pool's environment.
func startAttach(t testing.TB, mode ...string) *scriptedParent {
	t.Helper()
	file, argv := helperproc.Command("serve-attach", mode...)
	o := &childprocess.ForkOptions{}
	o.Env = append(os.Environ(), "BROOD_POOL_WORKER=1")
	p := startWorker(t, file, argv, o)
	p.next()
	return p
}

func eachMode(t *testing.T, fn func(t *testing.T, p *scriptedParent)) {
	t.Helper()
	for _, mode := range [][]string{nil, {"onloop"}} {
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			p := startAttach(t, mode...)
			fn(t, p)
			p.send(`{"id":99,"method":"ignore"}`)
			p.expect(`{"id":99,"result":false}`)
			p.disconnect()
			require.Empty(t, p.stderr.String())
		})
	}
}

//brood:checks W072
func TestAttachmentsGoBothWaysAsMemory(t *testing.T) {
	eachMode(t, func(t *testing.T, p *scriptedParent) {
		data := make([]byte, 9<<20+7)
		for i := range data {
			data[i] = byte(i * 7)
		}
		var back []byte
		p.takeAttachment(&back)
		for range 3 {
			p.sendWith(fmt.Sprintf(`{"id":1,"method":"invert","job":null,"attach":%d}`, len(data)), memory(t, data, allSeals))
			p.expect(fmt.Sprintf(`{"id":1,"result":%d,"attach":%d}`, len(data), len(data)))
			require.Len(t, back, len(data))
			for i := range back {
				if back[i] != data[i]^0xff {
					require.Fail(t, "another byte", "at %d", i)
				}
			}
		}
	})
}

//brood:checks W072
func TestAttachmentsLeaveNothingBehind(t *testing.T) {
	eachMode(t, func(t *testing.T, p *scriptedParent) {
		var back []byte
		p.takeAttachment(&back)
		p.send(`{"id":1,"method":"fds"}`)
		before := p.next()
		for id := 2; id < 20; id++ {
			p.sendWith(fmt.Sprintf(`{"id":%d,"method":"invert","attach":5}`, id), memory(t, []byte("hello"), allSeals))
			p.expect(fmt.Sprintf(`{"id":%d,"result":5,"attach":5}`, id))
			p.sendWith(fmt.Sprintf(`{"id":%d,"method":"ignore"}`, id), memory(t, nil, 0))
			p.expect(fmt.Sprintf(`{"id":%d,"result":true}`, id))
			p.sendWith(fmt.Sprintf(`{"id":%d,"method":"none","attach":5}`, id), memory(t, []byte("hello"), allSeals))
			require.Contains(t, p.next(), "ERR_METHOD")
			p.send(fmt.Sprintf(`{"id":%d,"method":"chan"}`, id))
			require.Contains(t, p.next(), "ERR_RESULT")
		}
		p.send(`{"id":1,"method":"fds"}`)
		require.Equal(t, before, p.next())
	})
}

// The sender of a file without seals could shorten it; touching its mapping would then be SIGBUS.
//
//brood:checks W072
func TestAnAttachmentThatIsNotSealedIsCopied(t *testing.T) {
	data := make([]byte, 1<<20)
	p := startHelper(t, "serve-attach")
	p.next()
	f := memory(t, data, 0)
	p.sendWith(`{"id":1,"method":"late","attach":1048576}`, f)
	p.expect(`{"id":1,"progress":"begun"}`)
	require.NoError(t, f.Truncate(0))
	p.send(`{"id":3,"method":"go"}`)
	p.expectAll(`{"id":3,"result":null}`, `{"id":1,"result":"`+sumOf(data)+`"}`)

	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("on a disk"), 0o600))
	onDisk, err := os.Open(path)
	require.NoError(t, err)
	defer onDisk.Close()
	p.sendWith(`{"id":4,"method":"sum","attach":9}`, ipc.File{File: onDisk})
	p.expect(`{"id":4,"result":"` + sumOf([]byte("on a disk")) + `"}`)
	p.disconnect()
}

//brood:checks W072
func TestAnAttachmentThatIsNotAsAnnouncedIsAJobError(t *testing.T) {
	eachMode(t, func(t *testing.T, p *scriptedParent) {
		message := func(m, reason string) string {
			return `{"id":1,"error":{"message":"attachment: ` + reason + `","code":"ERR_ATTACH"}}`
		}
		p.send(`{"id":1,"method":"sum","attach":5}`)
		p.expect(message("", "no descriptor came with the message"))
		p.send(`{"id":1,"method":"fds"}`)
		before := p.next()
		for attach, reason := range map[string]string{
			"6":                  "6 bytes are announced, and 5 came",
			"-1":                 "its size is no number of bytes",
			"999999999999999999": "999999999999999999 bytes are announced, and 5 came",
			`"5"`:                "its size is no number of bytes",
		} {
			p.sendWith(`{"id":1,"method":"sum","attach":`+attach+`}`, memory(t, []byte("hello"), allSeals))
			p.expect(message("", reason))
		}
		p.send(`{"id":1,"method":"fds"}`)
		require.Equal(t, before, p.next(), "descriptors that came")
		r, w, err := os.Pipe()
		require.NoError(t, err)
		p.sendWith(`{"id":1,"method":"sum","attach":5}`, r)
		p.expect(message("", "the descriptor is no file: p---------"))
		require.NoError(t, r.Close())
		require.NoError(t, w.Close())
		p.send(`{"id":1,"method":"sum","attach":0}`)
		p.expect(`{"id":1,"result":"` + sumOf(nil) + `"}`)
		p.sendWith(`{"id":1,"method":"sum","attach":3}`, memory(t, []byte("hello"), allSeals))
		p.expect(`{"id":1,"result":"` + sumOf([]byte("hel")) + `"}`)
		p.send(`{"id":1,"method":"nil"}`)
		p.expect(`{"id":1,"result":null}`)
	})
}

func TestAHandlerGetsTheHandleOfItsJob(t *testing.T) {
	p := startAttach(t, "onloop")
	r, w, err := os.Pipe()
	require.NoError(t, err)
	p.sendWith(`{"id":1,"method":"read"}`, r)
	require.NoError(t, r.Close())
	_, err = w.WriteString("through a pipe")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	p.expect(`{"id":1,"result":"through a pipe"}`)
	p.disconnect()
}

// The parent may be a Node program, which would abort.
//
//brood:checks W072
func TestAParentThatIsNoPoolGetsNoAttachment(t *testing.T) {
	p := startHelper(t, "serve-attach")
	p.next()
	p.sendWith(`{"id":1,"method":"invert","attach":1}`, memory(t, []byte("x"), allSeals))
	p.expect(`{"id":1,"error":{"message":"the result has an attachment, and the parent is no pool","code":"ERR_RESULT"}}`)
	p.disconnect()
}

// The worker must go on reading, because the acknowledgement may come, but it cannot send answers
// meanwhile.
//
//brood:checks W072
func TestAWorkerLeavesAParentThatDoesNotAcknowledgeAnAttachment(t *testing.T) {
	file, argv := helperproc.Command("serve-attach")
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	ours := os.NewFile(uintptr(pair[0]), "ours")
	theirs := os.NewFile(uintptr(pair[1]), "theirs")
	defer ours.Close()
	process, err := os.StartProcess(file, append([]string{file}, argv...), &os.ProcAttr{
		Env:   append(os.Environ(), "NODE_CHANNEL_FD=3", "BROOD_POOL_WORKER=1"),
		Files: []*os.File{os.Stdin, os.Stdout, nil, theirs},
	})
	require.NoError(t, err)
	defer process.Kill()
	require.NoError(t, theirs.Close())
	_, err = ours.WriteString(`{"id":1,"method":"fds"}` + "\n")
	require.NoError(t, err)
	fd, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC)
	require.NoError(t, err)
	_, err = unix.Write(fd, []byte("x"))
	require.NoError(t, err)
	frame := `{"cmd":"NODE_HANDLE","type":"brood.File","msg":{"id":2,"method":"invert","attach":1}}` + "\n"
	require.NoError(t, unix.Sendmsg(pair[0], []byte(frame), unix.UnixRights(fd), nil, 0))
	require.NoError(t, unix.Close(fd))
	copied := make(chan struct{})
	// The goroutine ends when the worker has exited. It drops the handle.
	go func() {
		defer close(copied)
		_, _ = io.Copy(io.Discard, ours)
	}()
	refused := []byte(`{"id":3,"method":"none"}` + "\n")
	for n := 0; err == nil; n++ {
		require.Less(t, n, 10_000_000, "the worker listens for ever")
		_, err = ours.Write(refused)
	}
	require.True(t, errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET), "%v", err)
	state, err := process.Wait()
	require.NoError(t, err)
	require.Equal(t, 0, state.ExitCode())
	<-copied // Otherwise Close would leave the descriptor open until then.
}
