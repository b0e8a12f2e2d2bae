package signals_test

import (
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/signals"
)

func init() {
	helperproc.Register("watch-once-and-stay-ignoring", func(args []string) {
		s, err := signals.Parse(args[0])
		must(err)
		ignores := func() bool {
			status, err := os.ReadFile("/proc/self/status")
			must(err)
			_, line, _ := strings.Cut(string(status), "SigIgn:")
			line, _, _ = strings.Cut(line, "\n")
			m, err := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
			must(err)
			return m&bit(s) != 0
		}
		if !ignores() || !signal.Ignored(s) {
			panic("it is not ignored at the start")
		}
		watchOnce(s)
		if !ignores() || !signal.Ignored(s) {
			panic("it is not ignored at the end")
		}
		must(unix.Kill(os.Getpid(), s))
	})
}

//brood:checks S063
func TestASignalIgnoredByNohupStaysIgnored(t *testing.T) {
	for _, s := range []signals.Signal{syscall.SIGHUP, syscall.SIGINT} {
		file, argv := helperproc.Command("watch-once-and-stay-ignoring", signals.Name(s))
		sandbox.Need(t, "eventfd2")
		trap := `trap "" ` + strings.TrimPrefix(signals.Name(s), "SIG") + `; exec "$@"`
		cmd := exec.Command("/bin/sh", append([]string{"-c", trap, "sh", file}, argv...)...)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}
