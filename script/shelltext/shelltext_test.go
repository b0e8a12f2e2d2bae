package shelltext_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/script/shelltext"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

// mark stands for a value in the templates of the tests.
const mark = "@"

// compile returns the text of a template whose values are in the variables v1, v2…
func compile(template string) (string, error) {
	pieces, places, err := shelltext.Parse(strings.Split(template, mark))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, piece := range pieces {
		b.WriteString(piece)
		if i < len(places) {
			name := fmt.Sprintf("${v%d}", i+1)
			if places[i] == shelltext.Word {
				name = `"` + name + `"`
			}
			b.WriteString(name)
		}
	}
	return b.String(), nil
}

func TestReferencesFitTheirPlace(t *testing.T) {
	for template, want := range map[string]string{
		`echo @ b@c`:                                 `echo "${v1}" b"${v2}"c`,
		`echo "a @ b"`:                               `echo "a ${v1} b"`,
		`echo 'a @ b'`:                               `echo 'a '"${v1}"' b'`,
		`echo $'a\'@ b'`:                             `echo $'a\''"${v1}"$' b'`,
		`echo "$(cat "@" @)@"`:                       `echo "$(cat "${v1}" "${v2}")${v3}"`,
		"echo `cat @ \"@\"` @":                       "echo `cat \"${v1}\" \"${v2}\"` \"${v3}\"",
		"echo \"`cat @`@\"":                          "echo \"`cat \"${v1}\"`${v2}\"",
		"echo `echo 'a` @":                           "echo `echo 'a` \"${v1}\"",
		`echo ${a:-@} "${a:-@}" "${a}@"`:             `echo ${a:-"${v1}"} "${a:-${v2}}" "${a}${v3}"`,
		`echo ${a:-'@'}`:                             `echo ${a:-''"${v1}"''}`,
		`echo $((@ + (@))) @`:                        `echo $((${v1} + (${v2}))) "${v3}"`,
		"a # it's @\nb @":                            "a # it's ${v1}\nb \"${v2}\"",
		`a#'@'`:                                      `a#''"${v1}"''`,
		`$(a)#'@'`:                                   `$(a)#''"${v1}"''`,
		"cat <<E @\na '@' $(b @)\nE\nc @":            "cat <<E \"${v1}\"\na '${v2}' $(b \"${v3}\")\nE\nc \"${v4}\"",
		"cat <<-E\n\t@\n\tE\nc @":                    "cat <<-E\n\t${v1}\n\tE\nc \"${v2}\"",
		"cat <<E <<'F'\n@\nE\n'\nF\n@":               "cat <<E <<'F'\n${v1}\nE\n'\nF\n\"${v2}\"",
		"cat <<E\nE@\nE\n@":                          "cat <<E\nE${v1}\nE\n\"${v2}\"",
		"cat <<< @; a @":                             "cat <<< \"${v1}\"; a \"${v2}\"",
		`"$(case @ in a) b @;; (c) d;; esac; e @)@"`: `"$(case "${v1}" in a) b "${v2}";; (c) d;; esac; e "${v3}")${v4}"`,
		`"$(echo case @)@"`:                          `"$(echo case "${v1}")${v2}"`,
		`(cd @ && b) @`:                              `(cd "${v1}" && b) "${v2}"`,
		`f() { echo @; }; "@"`:                       `f() { echo "${v1}"; }; "${v2}"`,
		`cost: $@ "$@" $$@`:                          `cost: \$"${v1}" "\$${v2}" $$"${v3}"`,
		`a \\@ \"@`:                                  `a \\"${v1}" \""${v2}"`,
		`diff <(a @) >(b "@")`:                       `diff <(a "${v1}") >(b "${v2}")`,
		"if a; then case b in b) c @ ;; esac; fi; @": "if a; then case b in b) c \"${v1}\" ;; esac; fi; \"${v2}\"",
	} {
		got, err := compile(template)
		require.NoError(t, err, template)
		require.Equal(t, want, got, template)
	}
}

func TestPlacesWithoutAReferenceAreRefused(t *testing.T) {
	for template, want := range map[string]string{
		`echo \@`:         "backslash",
		`echo "\@"`:       "backslash",
		"cat <<'E'\n@\nE": "quoted",
		"cat <<\\E\n@\nE": "quoted",
		"cat <<@\na\n":    "delimiter",
		"cat <<A@\na\n":   "delimiter",
	} {
		_, err := compile(template)
		require.ErrorContains(t, err, want, template)
	}
}

// hostile are values that would have an effect if a shell parsed them.
var hostile = []string{
	"", " ", "a b", "-n", "--help", "'", `"`, "`", `\`, "$", "$HOME", "$(touch broken)", "`touch broken`",
	"';touch broken;'", `";touch broken;"`, "\ntouch broken\n",
	"& touch broken &", "| touch broken", "> broken", "*", "~", "a\tb\n\n", "EOF\ntouch broken\nEOF", "${x:=y}", "#",
	"!", "é\xff\xfe", ")", "}", "))", "esac", "'\"'\"'",
}

// shells returns the installed shells.
func shells(t *testing.T) (all []string) {
	for _, name := range []string{"sh", "bash", "dash", "ksh", "busybox"} {
		path, err := exec.LookPath(name)
		if err == nil {
			all = append(all, path)
		}
	}
	require.NotEmpty(t, all)
	return all
}

// shell runs a text whose variable v1 is a value, in an empty directory.
func shell(t *testing.T, path, text, value string) (stdout string, err error) {
	args := []string{"-c", "v1=$1;shift;" + text, "sh", value}
	if filepath.Base(path) == "busybox" {
		args = append([]string{"sh"}, args...)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/"}
	out, err := cmd.Output()
	made, globErr := filepath.Glob(filepath.Join(cmd.Dir, "*"))
	require.NoError(t, globErr)
	require.Empty(t, made, "%s: %q of %q", path, text, value)
	return string(out), err
}

func TestShellsTakeValuesForNothingButData(t *testing.T) {
	for _, path := range shells(t) {
		for template, want := range map[string]string{
			`printf '[%s]' @`:                                       "[@]",
			`printf '[%s]' "a @ b"`:                                 "[a @ b]",
			`printf '[%s]' 'a @ b'`:                                 "[a @ b]",
			`printf '[%s]' a@b "$(printf '%s.' @)"`:                 "[a@b][@.]",
			"printf '[%s]' \"`printf '%s.' @`\"":                    "[@.]",
			"cat <<E\n[@]\nE\n":                                     "[@]\n",
			"cat <<E; printf %s @\n$(printf '[%s]' @)\nE\n":         "[@]\n@",
			"# it's @\nprintf '[%s]' @":                             "[@]",
			`f() { printf '[%s]' @; }; f other`:                     "[@]",
			`printf '[%s]' "$(case a in a) printf '%s.' @;; esac)"`: "[@.]",
			`x=@; printf '[%s]' "$x"`:                               "[@]",
			`printf '[%s]' "${none:-@}"`:                            "[@]",
			`case @ in "@") printf same;; esac`:                     "same",
		} {
			text, err := compile(template)
			require.NoError(t, err, template)
			text = strings.NewReplacer("${v2}", "${v1}", "${v3}", "${v1}").Replace(text)
			for _, value := range hostile {
				got, err := shell(t, path, text, value)
				require.NoError(t, err, "%s: %q of %q", path, text, value)
				require.Equal(t, strings.ReplaceAll(want, mark, value), got, "%s: %q of %q", path, text, value)
			}
		}
	}
}

// FuzzValuesDoNotRun checks that no value can make the shell run something, wherever it stands,
// even if Parse has misread the text.
func FuzzValuesDoNotRun(f *testing.F) {
	for _, template := range []string{`: @`, `: "@`, `: '@`, ": `@", `: $(@`, "cat <<E\n@", `case a in @) ;; esac`, `: "$(: "@`, `: ${a:-@`, `: #@`} {
		f.Add(template)
	}
	f.Fuzz(func(t *testing.T, template string) {
		if strings.Count(template, mark) != 1 || !harmless(template) {
			t.Skip("no template, or one that does something by itself")
		}
		text, err := compile(template)
		if err != nil {
			return
		}
		for _, value := range []string{"$(touch broken)`touch broken`\n;touch broken;'\";touch broken;\"';touch broken", `\`} {
			// Many inputs are no valid commands.
			_, _ = shell(t, "/bin/sh", text, value)
		}
	})
}

// harmless reports whether a template has only quotes, operators and single letters, and so no
// words that could be commands.
func harmless(template string) bool {
	return strings.Trim(template, "a: @\"'`\\$(){};|&\n#-+") == "" && !strings.Contains(template, ">")
}
