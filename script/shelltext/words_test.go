package shelltext_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/shelltext"
)

// words returns the words of a command if it is a program with its arguments.
func words(text string, values []string) ([]string, bool) {
	p, ok := shelltext.ReadProgram(text, len(values))
	if !ok {
		return nil, false
	}
	return p.Words(values)
}

func TestWordsOfAProgramWithItsArguments(t *testing.T) {
	values := []string{"a b", "$x", ""}
	for text, want := range map[string][]string{
		"git log":                            {"git", "log"},
		" /bin/ls\t-l  /tmp \n":              {"/bin/ls", "-l", "/tmp"},
		`env 'a b' "c d" e'f'"g"`:            {"env", "a b", "c d", "efg"},
		`env "${brood1}" x"${brood2}"y`:      {"env", "a b", "x$xy"},
		`env "${brood3}" ''`:                 {"env", "", ""},
		`"${brood1}" x=y`:                    {"a b", "x=y"},
		"env é -n --a=b 'new\nline' a,b@c%d": {"env", "é", "-n", "--a=b", "new\nline", "a,b@c%d"},
		"./true":                             {"./true"},
	} {
		got, ok := words(text, values)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", " ", "a; b", "a\nb", "a | b", "a > b", "a &", "(a)", "a $b", "a *", "a ?", "a [b]", "a ~", "a {b,c}", "a \\b",
		"A=1 b", "A='1' b", "a # b", "!", "! a",
		"if a", "cd /", "echo x", "true", "a `b`", `a "$b"`, `a "\b"`, `a "${brood4}"`, `a "${brood1"`, `a "x${brood1}"`,
		`a 'b`, `a "b`, `''`, `"${brood3}" x`, "a ^b", "{", "a!",
	} {
		_, ok := words(text, values)
		require.False(t, ok, text)
	}
}

// FuzzWords compares Words with the words that a shell makes of the same text.
func FuzzWords(f *testing.F) {
	for _, text := range []string{"a b", `a 'b c' "d"`, `a "${brood1}" x"${brood2}"`, "a =b é"} {
		f.Add(text, "v 1", "$v`2'")
	}
	f.Fuzz(func(t *testing.T, text, first, second string) {
		if strings.Contains(text+first+second, "\x00") {
			t.Skip("a null byte cannot be in an argument")
		}
		all, ok := words(text, []string{first, second})
		if !ok {
			return
		}
		// The program's name is passed as an argument here.
		script := "brood1=$1 brood2=$2; printf '%s\\0' x " + text
		out, err := exec.CommandContext(t.Context(), "sh", "-c", script, "sh", first, second).Output()
		require.NoError(t, err, "%q", text)
		require.Equal(t, "x\x00"+strings.Join(all, "\x00")+"\x00", string(out), "%q", text)
	})
}
