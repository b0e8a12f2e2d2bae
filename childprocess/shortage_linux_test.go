package childprocess_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func init() {
	// famine starts a child with 0 free descriptors, then with 1, and so on until it has run, by
	// the form in its argument.
	helperproc.Register("famine", func(args []string) {
		openRuntimePoller()
		var all []hunger
		for left := 0; len(all) == 0 || all[len(all)-1].Errno != 0; left++ {
			all = append(all, starveForm(args[0], left))
		}
		writeAll(1, check(json.Marshal(all)))
	})
}

// hunger is the result of a start with few free descriptors.
type hunger struct {
	Errno    syscall.Errno
	Typed    bool // a *SpawnError of StepResource
	Events   []string
	Leaks    string
	Children bool // a child was left
}

func starveForm(form string, left int) (h hunger) {
	before := leakcheck.FDs()
	err := error(nil)
	switch form {
	case "Output", "Run", "Lines", "SpawnSync":
		giveBack := takeDescriptors(left)
		err = callForm(form)
		giveBack()
		childprocess.RetireBackground()
		childprocess.OpenPrivateLoops(openLoop) // This closes the idle loops.
	default:
		l := check(openLoop())
		giveBack := takeDescriptors(left)
		o := async()
		if form == "slots" {
			o.Stdio = []childprocess.Stdio{3: childprocess.Pipe, 4: childprocess.FD(1), 5: childprocess.Pipe, 6: childprocess.FD(0)}
		}
		c, spawnErr := childprocess.Spawn(l, "/bin/true", nil, o)
		if err = spawnErr; err == nil {
			ev := events(c)
			check(0, l.Run())
			err, h.Events = ev.err, ev.process()
		}
		giveBack()
		check(0, l.Close())
	}
	h.Errno, _ = errors.AsType[syscall.Errno](err)
	failed, ok := errors.AsType[*childprocess.SpawnError](err)
	h.Typed = ok && failed.Step == childprocess.StepResource
	if after := leakcheck.FDs(); !maps.Equal(before, after) {
		h.Leaks = fmt.Sprint(before, " became ", after)
	}
	_, err = syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	h.Children = err != syscall.ECHILD
	return h
}

func callForm(form string) error {
	ctx := context.Background()
	switch form {
	case "Output":
		_, err := childprocess.Output(ctx, "/bin/true")
		return err
	case "Run":
		return childprocess.Run(ctx, "/bin/true")
	case "SpawnSync":
		return childprocess.SpawnSync("/bin/true", nil, nil).Err
	default:
		for _, err := range childprocess.Lines(ctx, "/bin/true") {
			return err
		}
		return nil
	}
}

func TestNoFormLeavesAnythingWhereDescriptorsRunShort(t *testing.T) {
	for _, form := range []string{"Async", "slots", "Output", "Run", "Lines", "SpawnSync"} {
		t.Run(form, func(t *testing.T) {
			var all []hunger
			l := newLoop(t)
			require.NoError(t, json.Unmarshal([]byte(output(t, l, start(t, l, "famine", form))), &all))
			last := len(all) - 1
			require.Positive(t, last)
			for left, h := range all[:last] {
				want := hunger{Errno: syscall.EMFILE, Typed: true}
				if form == "Async" || form == "slots" {
					want.Events = []string{"error EMFILE", "close -24"}
				}
				require.Equal(t, want, h, "with %d descriptors left", left)
			}
			want := hunger{}
			if form == "Async" || form == "slots" {
				want.Events = []string{"spawn", "exit 0", "close 0"}
			}
			require.Equal(t, want, all[last])
			t.Logf("needs %d descriptors", last)
		})
	}
}
