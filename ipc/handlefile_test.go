package ipc_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
)

// tempFile returns a regular file with text in it.
func tempFile(t *testing.T, text string) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	_, err = f.WriteString(text)
	require.NoError(t, err)
	return f
}

func TestARegularFileCrossesAsAFile(t *testing.T) {
	l := newLoop(t)
	leakcheck.NoNewFDs(t)
	a, b := newPair(t, l, nil)
	f := tempFile(t, "what is in it")
	var got, typ string
	var again error
	b.OnMessage(func(m *ipc.Message) {
		h := m.Handle()
		typ = h.Type()
		again = b.SendWith("back", &ipc.SendOptions{Handle: h})
		file, err := h.File()
		require.NoError(t, err)
		text, err := io.ReadAll(io.NewSectionReader(file, 0, 100))
		require.NoError(t, err)
		require.NoError(t, file.Close())
		got = string(text)
		b.Disconnect()
	})
	require.NoError(t, a.SendWith("here", &ipc.SendOptions{Handle: ipc.File{File: f}}))
	run(t, l)
	require.Equal(t, "what is in it", got)
	require.Equal(t, "brood.File", typ)
	require.ErrorIs(t, again, ipc.ErrHandleType, "it could go to a Node program")
	require.NoError(t, f.Close())
}

func TestAFileIsARegularFile(t *testing.T) {
	l := newLoop(t)
	a, p := newChannel(t, l, nil)
	send := func(handle any) error { return a.SendWith("x", &ipc.SendOptions{Handle: handle}) }
	require.ErrorIs(t, send(tempFile(t, "")), ipc.ErrHandleType)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	require.ErrorIs(t, send(ipc.File{File: r}), ipc.ErrHandleType)
	require.NoError(t, r.Close())
	require.NoError(t, w.Close())
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	require.ErrorIs(t, send(ipc.File{File: null}), ipc.ErrHandleType)
	require.NoError(t, null.Close())
	_, bad := send(ipc.File{}).(*ipc.HandleError)
	require.True(t, bad)

	closed := tempFile(t, "")
	require.NoError(t, closed.Close())
	require.NoError(t, send(ipc.File{File: closed}), "it goes without")
	text, _ := p.read()
	require.Equal(t, "\"x\"\n", text)
	a.Destroy()
	run(t, l)
}

// Also a descriptor of another kind with the type of a file.
func TestAFileByAnotherNameIsRefused(t *testing.T) {
	for typ, open := range map[string]func() *os.File{
		"net.Native": func() *os.File { return tempFile(t, "") },
		"brood.File": func() *os.File {
			r, w, err := os.Pipe()
			require.NoError(t, err)
			require.NoError(t, w.Close())
			return r
		},
	} {
		l := newLoop(t)
		c, p := newChannel(t, l, nil)
		var got error
		c.OnError(func(err error) { got = err; c.Destroy() })
		f := open()
		p.send(`{"cmd":"NODE_HANDLE","type":"`+typ+`","msg":1}`+"\n", int(f.Fd()))
		require.NoError(t, f.Close())
		run(t, l)
		require.ErrorIs(t, got, ipc.ErrHandleType, typ)
	}
}
