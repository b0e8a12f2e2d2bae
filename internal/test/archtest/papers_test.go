package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A paper is one .md file of the repository.
type paper struct {
	path   string // from the root of the repository, with slashes
	blocks []block
	prose  string // what is outside of the blocks, and of comments
	spans  []span
}

// A block is a block of code: one between fences, or one that is indented, which is for a shell.
type block struct {
	lang string
	text string
}

// A span is text between backticks, with the rest of its line.
type span struct {
	text string
	next string
}

var (
	listItem = regexp.MustCompile(`^\s*([*+-]|\d+\.)\s`)
	comment  = regexp.MustCompile(`(?s)<!--.*?-->`)
	dedent   = regexp.MustCompile(`(?m)^(    |\t)`)
)

// readPaper takes a paper apart. It knows of Markdown what the papers use.
func readPaper(path, text string) paper {
	p := paper{path: path}
	var prose, code []string
	fence, lang, indent := "", "", ""
	inList, inCode, blank := false, false, true
	endCode := func() {
		if inCode {
			p.blocks = append(p.blocks, block{"sh", dedent.ReplaceAllString(strings.Join(code, "\n")+"\n", "")})
			inCode, code = false, nil
		}
	}
	for line := range strings.Lines(comment.ReplaceAllString(text, "")) {
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimLeft(line, " \t")
		switch {
		case fence != "" && strings.HasPrefix(trimmed, fence) && strings.Trim(trimmed, "`") == "":
			p.blocks = append(p.blocks, block{lang, strings.Join(append(code, ""), "\n")})
			fence, code = "", nil
		case fence != "":
			code = append(code, strings.TrimPrefix(line, indent))
		case strings.HasPrefix(trimmed, "```"):
			endCode()
			lang = strings.TrimLeft(trimmed, "`")
			fence, indent = trimmed[:len(trimmed)-len(lang)], line[:len(line)-len(trimmed)]
			lang, _, _ = strings.Cut(lang, " ")
		case !inList && (inCode || blank) && trimmed != "" && dedent.MatchString(line):
			inCode, code = true, append(code, line)
		case inCode && trimmed == "":
			code = append(code, "")
		default:
			endCode()
			prose = append(prose, line)
			inList = listItem.MatchString(line) || inList && (trimmed == "" || trimmed != line)
		}
		blank = trimmed == ""
	}
	endCode()
	if fence != "" {
		p.blocks = append(p.blocks, block{"a fence without an end", strings.Join(code, "\n")})
	}
	p.prose = strings.Join(prose, "\n")
	p.spans = spansOf(p.prose)
	return p
}

var ticks = regexp.MustCompile("`+")

// spansOf finds the texts between runs of equally many backticks.
func spansOf(prose string) []span {
	var spans []span
	for {
		open := ticks.FindStringIndex(prose)
		if open == nil {
			return spans
		}
		run := prose[open[0]:open[1]]
		prose = prose[open[1]:]
		for _, shut := range ticks.FindAllStringIndex(prose, -1) {
			if prose[shut[0]:shut[1]] == run {
				text := strings.Join(strings.Fields(prose[:shut[0]]), " ")
				prose = prose[shut[1]:]
				next, _, _ := strings.Cut(prose, "\n\n")
				spans = append(spans, span{text, next})
				break
			}
		}
	}
}

// A library has the files of the repository and the names declared in them: papers speak of these.
type library struct {
	files     map[string]bool     // folders, too
	bases     []string            // the last parts of the paths of files
	decls     map[string][]string // of each .go file
	owners    map[string]bool     // packages, and types with members
	names     map[string]bool     // "reactor.New", "Loop.Run", "reactor.Loop.Run"
	targets   map[string]bool     // of make
	variables map[string]bool     // BROOD_…

	// exports has, for each module by its folder, the file that the compiler reads of a package.
	exports map[string]map[string]string
}

// complaints returns a sentence for each mistake in p.
func (l *library) complaints(t *testing.T, p paper) []string {
	t.Helper()
	return slices.Concat(l.wrongCode(t, p), l.wrongNames(p))
}

func TestPapersAreRight(t *testing.T) {
	l := readLibrary(t)
	seen := 0
	for _, path := range tree(t) {
		if filepath.Ext(path) != ".md" {
			continue
		}
		seen++
		text, err := os.ReadFile(filepath.Join(root, path))
		require.NoError(t, err)
		for _, complaint := range l.complaints(t, readPaper(path, string(text))) {
			t.Errorf("%s: %s", path, complaint)
		}
	}
	require.Positive(t, seen)
}

func TestTheListOfDocsIsWhole(t *testing.T) {
	list, err := os.ReadFile(filepath.Join(root, "docs", "README.md"))
	require.NoError(t, err)
	papers, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	for _, file := range papers {
		if name := filepath.Base(file); name != "README.md" {
			require.Contains(t, string(list), "]("+name+")")
		}
	}
}

// Each paper in testdata/papers has one mistake and says in its first line which; good.md has none,
// and all that is allowed.
func TestMistakesInPapersAreFound(t *testing.T) {
	l := readLibrary(t)
	papers, err := filepath.Glob("testdata/papers/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, papers)
	for _, file := range papers {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			first, _, _ := strings.Cut(string(text), "\n")
			want, ok := strings.CutPrefix(first, "<!-- wrong: ")
			if strings.HasPrefix(want, "node:") && !hasNode(t) {
				t.Skip("there is no Node to find the mistake")
			}
			got := l.complaints(t, readPaper("docs/"+filepath.Base(file), string(text)))
			if !ok {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			require.Contains(t, got[0], strings.TrimSuffix(want, " -->"))
		})
	}
}
