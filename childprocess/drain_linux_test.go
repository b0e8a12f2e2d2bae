package childprocess_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

//brood:checks S045
func TestAPipedStreamIsNotDrainedPastItsDestination(t *testing.T) {
	const total = 8 << 20 // Far more than the pipes hold.
	for _, name := range []string{"moved by the kernel", "copied"} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			file, argv := helperproc.Command("pour", "5", strconv.Itoa(total), "65536")
			a := start(t, l, "leave", append([]string{file}, argv...)...)
			b := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.Pipe}}, "late-cat")
			ev := events(b).reading()
			if name == "copied" {
				a.Stdout.OnData(func([]byte) {})
			}
			a.Stdout.Pipe(b.Stdin, nil)
			exited := false
			a.OnExit(func(childprocess.ExitStatus) {
				exited = true
				l.SetImmediate(func() { // If a were flushed, that would be over by now.
					whenFull(t, l, a.Stdout, func() {
						_, err := b.Stdio[3].Writable.Write([]byte{'!'})
						require.NoError(t, err)
					})
				})
			})
			b.OnExit(func(childprocess.ExitStatus) { require.True(t, exited) })
			run(t, l)
			require.True(t, bytes.Equal(tune(5, 1, 0, total), ev.data[1]))
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
		})
	}
}
