package childprocess_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/sandbox"
)

func init() {
	// limits writes the soft limit of descriptors of its children, by form. It does so before and
	// after it has set its own limit, to its first argument, in the way that its second argument
	// names.
	helperproc.Register("limits", func(args []string) {
		all := []map[string]string{softLimits()}
		var limit unix.Rlimit
		check(0, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
		limit.Cur = uint64(check(strconv.Atoi(args[0])))
		if args[1] == "prlimit" { // As another process might.
			check(0, unix.Prlimit(0, unix.RLIMIT_NOFILE, &limit, nil))
		} else {
			check(0, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
		}
		writeAll(1, check(json.Marshal(append(all, softLimits()))))
	})
}

func softLimits() map[string]string {
	const script = "ulimit -Sn"
	args := []string{"-c", script}
	limits := map[string]string{
		"os/exec":   string(check(exec.Command(shell, args...).Output())),
		"SpawnSync": string(childprocess.SpawnSync(shell, args, nil).Stdout),
		"Output":    string(check(childprocess.Output(context.Background(), shell, args...))),
	}
	l := check(openLoop())
	for name, o := range map[string]*childprocess.Options{"Spawn": nil, "Async": async(), "Detached": {Detached: true}} {
		c := check(childprocess.Spawn(l, shell, args, o))
		c.Stdout.Collect(-1, func(data []byte, err error) { limits[name] = string(check(data, err)) })
	}
	check(childprocess.Exec(l, script, nil, func(err error, stdout, _ []byte) { limits["Exec"] = string(check(stdout, err)) }))
	check(0, l.Run())
	check(0, l.Close())
	for line, err := range childprocess.Lines(context.Background(), shell, args...) {
		limits["Lines"] = check(line, err) + "\n"
	}
	return limits
}

// The Go runtime raises the soft limit when a program starts. No child may see that, whatever
// starts it.
func TestChildrenHaveTheLimitOfDescriptorsThatOsExecGivesThem(t *testing.T) {
	var hard unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &hard))
	file, argv := helperproc.Command("limits")
	sandbox.Need(t, "ptrace") // It reads the limit that Go has saved.
	for _, inherited := range []string{"400", strconv.Itoa(int(hard.Max) - 1), strconv.Itoa(int(hard.Max))} {
		// Not hard.Max-1: the runtime sets that limit itself, so it would look unchanged.
		for _, now := range []int{300, int(hard.Max)} {
			for _, way := range []string{"setrlimit", "prlimit"} {
				t.Run(inherited+" then "+strconv.Itoa(now)+" by "+way, func(t *testing.T) {
					l := newLoop(t)
					script := "ulimit -Sn " + inherited + `; exec "$@"`
					args := append([]string{"-c", script, shell, file}, argv...)
					c := spawn(t, l, shell, append(args, strconv.Itoa(now), way), nil)
					var all []map[string]string
					require.NoError(t, json.Unmarshal([]byte(output(t, l, c)), &all))
					require.Equal(t, inherited, strings.TrimSpace(all[0]["os/exec"]))
					for _, limits := range all {
						for form, limit := range limits {
							require.Equal(t, limits["os/exec"], limit, form)
						}
					}
				})
			}
		}
	}
}
