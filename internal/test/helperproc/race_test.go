//go:build race

package helperproc_test

import (
	"errors"
	"fmt"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	helperproc.Register("race", func([]string) {
		var n int
		done := make(chan bool)
		go func() {
			n++
			done <- true
		}()
		n++
		<-done
		fmt.Println(n)
	})
}

func TestHelperWithADataRaceFails(t *testing.T) {
	file, argv := helperproc.Command("race")
	out, err := exec.Command(file, argv...).CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	require.True(t, ok, "%s", out)
	require.Equal(t, 66, exit.ExitCode(), "%s", out)
	require.Contains(t, string(out), "DATA RACE")
}
