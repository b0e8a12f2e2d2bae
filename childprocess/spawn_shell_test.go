package childprocess_test

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

// throughShell returns Options with a shell and an environment, by default this program's.
func throughShell(env ...string) *childprocess.Options {
	return &childprocess.Options{Shell: childprocess.DefaultShell, Env: env}
}

//brood:checks N010
func TestAMissingCommandIsTheShellsToReport(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "does-not-exist-anywhere", nil, throughShell())
	require.Equal(t, "/bin/sh", c.SpawnFile())
	require.Equal(t, []string{"/bin/sh", "-c", "does-not-exist-anywhere"}, c.SpawnArgs())
	ev := events(c).reading()
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 127", "close 127"}, ev.process())
	require.NotEmpty(t, ev.data[2])
}

//brood:checks N010
func TestAMissingShellIsAnErrorEvent(t *testing.T) {
	l := newLoop(t)
	ev := events(spawn(t, l, "echo", nil, &childprocess.Options{Shell: "/does/not/exist"}))
	run(t, l)
	failed, ok := ev.err.(*childprocess.SpawnError)
	require.True(t, ok)
	require.Equal(t, "/does/not/exist", failed.Path)
	require.ErrorIs(t, failed, syscall.ENOENT)
}

//brood:checks N011
func TestTheWordsAreTheShellsToRead(t *testing.T) {
	for _, row := range []struct {
		file string
		args []string
		want string
	}{
		{"echo", []string{"foo"}, "foo\n"},
		{"echo bar | cat", nil, "bar\n"},
		{"echo", []string{"bar", "|", "tr", "a", "o"}, "bor\n"},
		{`echo "$BAZ"`, nil, "buzz\n"},
		{"echo", []string{"a   b", `"c   d"`, "$BAZ", "#", "e"}, "a b c   d buzz\n"},
		{"echo", []string{childprocess.Quote("a   $BAZ"), childprocess.Quote("it's")}, "a   $BAZ it's\n"},
		{"echo", []string{"", ""}, "\n"},
		{"exit 0;", []string{"echo", "never"}, ""},
	} {
		l := newLoop(t)
		got := output(t, l, spawn(t, l, row.file, row.args, throughShell("BAZ=buzz", "PATH=/bin:/usr/bin")))
		require.Equal(t, row.want, got, "%q %q", row.file, row.args)
	}
}

// Every shell of this machine is tested, because each parses its options in its own way.
func TestACommandThatBeginsLikeAnOptionIsACommand(t *testing.T) {
	const command = "-x --no-such-program; echo ran"
	for _, name := range []string{"sh", "dash", "bash", "busybox", "ksh", "mksh", "zsh", "yash", "tcsh", "fish"} {
		shell, err := exec.LookPath(name)
		if err != nil {
			continue // Every system has at least sh.
		}
		t.Run(name, func(t *testing.T) {
			o := childprocess.Options{Shell: shell}
			if name == "busybox" {
				o.Argv0 = "sh"
			}
			for _, first := range []string{"", "+"} {
				c := first + command
				l := newLoop(t)
				require.Equal(t, "ran\n", output(t, l, spawn(t, l, c, nil, &o)), c)
				require.Equal(t, "ran\n", output(t, l, spawn(t, l, first+"-x", []string{";", "echo", "ran"}, &o)), c)

				var stdout string
				_, err := childprocess.Exec(l, c, &childprocess.ExecOptions{Options: o}, func(err error, out, _ []byte) {
					require.NoError(t, err)
					stdout = string(out)
				})
				require.NoError(t, err)
				run(t, l)
				require.Equal(t, "ran\n", stdout, c)

				out, err := childprocess.ExecSync(c, &childprocess.SyncOptions{
					Options: childprocess.Options{Shell: shell, Argv0: o.Argv0, Stdio: []childprocess.Stdio{2: childprocess.Ignore}},
				})
				require.NoError(t, err)
				require.Equal(t, "ran\n", string(out), c)
			}
		})
	}
}

//brood:checks N011
func TestTheShellGetsArgv0AndStdio(t *testing.T) {
	l := newLoop(t)
	o := throughShell("PATH=/bin:/usr/bin")
	o.Argv0 = "another name"
	o.Stdio = []childprocess.Stdio{3: childprocess.Pipe}
	c := spawn(t, l, `echo "$0" >&3`, nil, o)
	require.Equal(t, []string{"another name", "-c", `echo "$0" >&3`}, c.SpawnArgs())
	ev := events(c).reading()
	run(t, l)
	require.Equal(t, "another name\n", string(ev.data[3]))
}

// These names mean something elsewhere.
//
//brood:checks N012
func TestBatchFilesAreMissingProgramsHere(t *testing.T) {
	for _, name := range []string{"does-not-exist.bat", "does-not-exist.cmd", "./does-not-exist.BAT"} {
		l := newLoop(t)
		plain := events(spawn(t, l, name, nil, nil))
		shell := events(spawn(t, l, name, nil, throughShell()))
		run(t, l)
		require.ErrorIs(t, plain.err, syscall.ENOENT, name)
		require.Equal(t, []string{"spawn", "exit 127", "close 127"}, shell.process(), name)
	}
}

// shells are the shells of this system that must understand Quote.
func shells(t testing.TB) (paths []string) {
	t.Helper()
	for _, name := range []string{"sh", "dash", "bash", "ksh", "mksh", "zsh", "yash"} {
		if path, err := exec.LookPath(name); err == nil {
			paths = append(paths, path)
		}
	}
	require.NotEmpty(t, paths)
	return paths
}

// requireWords runs a command made of the quoted words, and compares the arguments that arrive.
func requireWords(t testing.TB, shell string, words ...string) {
	t.Helper()
	command := []string{"printf", `'%s\0'`}
	for _, w := range words {
		command = append(command, childprocess.Quote(w))
	}
	line := strings.Join(command, " ")
	got, err := exec.Command(shell, "-c", line).Output()
	require.NoError(t, err, "%s -c %q", shell, line)
	require.Equal(t, strings.Join(words, "\x00")+"\x00", string(got), "%s -c %q", shell, line)
}

func TestQuotedWordsArriveUnchanged(t *testing.T) {
	var all strings.Builder
	for b := 1; b < 256; b++ {
		all.WriteByte(byte(b))
	}
	words := []string{
		"", "a", "'", "''", "it's", `"`, `\`, `\'`, `'\''`, " ", "\t", "\n", "a\nb", "\r\n", "$HOME", "${HOME}", "$(id)", "`id`", "~", "~root",
		"*", "?", "[a-z]", "{a,b}", "!", "!!", "#", "a#b", "-n", "--", "a=b", "=ls", ";", "&", "|", "<", ">", "(", ")", "^", "%1", "+x", "@", ",",
		"if", "then", "€", "\xff\xfe", strings.Repeat("'", 1000), all.String(),
	}
	for _, shell := range shells(t) {
		requireWords(t, shell, words...)
		for b := 1; b < 256; b++ {
			c := string([]byte{byte(b)})
			words = append(words, c, "x"+c, c+"x", c+c)
		}
		requireWords(t, shell, words...)
	}
}

// At the beginning of a command, an unquoted word can be grammar, an assignment or a directory.
func TestAQuotedWordIsACommandAndNothingElse(t *testing.T) {
	words := []string{"A=b", "~", "~root", "{", "}", "!", "[[", "((1))", "#comment", "*", "no such program", "€"}
	words = append(words, strings.Fields("case coproc do done elif else esac fi for function if in select then time until while namespace")...)
	for _, shell := range shells(t) {
		for _, w := range words {
			cmd := exec.Command(shell, "-c", childprocess.Quote(w)+" true")
			cmd.Env = []string{"PATH=/does/not/exist"} // There are programs called time.
			exit, ok := cmd.Run().(*exec.ExitError)
			require.True(t, ok, "%s: %q", shell, w)
			require.Contains(t, []int{126, 127}, exit.ExitCode(), "%s: %q", shell, w)
		}
	}
}

// In front of "<" or ">" a number is a descriptor.
func TestAQuotedNumberIsNoDescriptor(t *testing.T) {
	for _, shell := range shells(t) {
		for _, w := range []string{"0", "1", "2", "12"} {
			got, err := exec.Command(shell, "-c", "echo "+childprocess.Quote(w)+">&1").Output()
			require.NoError(t, err)
			require.Equal(t, w+"\n", string(got), shell)
		}
	}
}

func TestPlainWordsAreNotQuoted(t *testing.T) {
	for _, w := range []string{"ls", "-la", "/usr/bin/env", "a.b_c-d+e", "user@host:/path", "1,2", "100%", "-2", "x86"} {
		require.Equal(t, w, childprocess.Quote(w))
	}
	require.Equal(t, "''", childprocess.Quote(""))
	require.Equal(t, `'it'\''s'`, childprocess.Quote("it's"))
}

func FuzzQuote(f *testing.F) {
	f.Add("", "'")
	f.Add("$(id)", "a\nb")
	f.Add("\xff\\", "~")
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.Contains(a+b, "\x00") || len(a)+len(b) > 1<<14 {
			t.Skip("no argument can hold it")
		}
		requireWords(t, "/bin/sh", a, b)
	})
}
