package archtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// readmePrograms returns the blocks of Go in the README.
func readmePrograms(t *testing.T) []string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	blocks := strings.Split(string(readme), "```go\n")[1:]
	for i := range blocks {
		ok := false
		blocks[i], _, ok = strings.Cut(blocks[i], "```")
		require.True(t, ok)
	}
	require.NotEmpty(t, blocks)
	return blocks
}

// buildProgram compiles a program, which is in none of our packages.
func buildProgram(t *testing.T, program string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	require.NoError(t, os.WriteFile(file, []byte(program), 0o644))
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "readme"), file)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", out, program)
}

// The first thing a stranger copies must compile.
func TestTheProgramInTheReadmeBuilds(t *testing.T) { buildProgram(t, readmePrograms(t)[0]) }

// readmeNames are what the pieces of programs in the README take for granted.
const readmeNames = `package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

type (
	Answer struct{}
	Job    struct{ Path string }
	Image  struct {
		Path  string
		Width int
	}
)

var (
	loop *reactor.Loop
	ctx context.Context
	pattern, host, answers, dir string
	files []string
	tcpConn net.Conn
	text []byte
	body io.Reader
	size struct{ Width, Height int }
)

func resize(context.Context, *pool.Job) (any, error) { return nil, nil }

func main() {}
`

// declared finds the names that a piece declares, and does not use perhaps; ranged those of a loop whose inside is left out.
var (
	declared = regexp.MustCompile(`(?m)^(?:var )?(\w+)(?:, (\w+))? :?=`)
	ranged   = regexp.MustCompile(`for (\w+), (\w+) := (.*) \{ … \}`)
)

func TestThePiecesOfProgramsInTheReadmeBuild(t *testing.T) {
	var program strings.Builder
	program.WriteString(readmeNames)
	for i, piece := range readmePrograms(t)[1:] {
		whole := strings.ReplaceAll(ranged.ReplaceAllString(piece, "for $1, $2 := $3 { _, _ = $1, $2 }"), "…", "")
		fmt.Fprintf(&program, "\nfunc piece%d() {\n%s", i, whole)
		for _, names := range declared.FindAllStringSubmatch(piece, -1) {
			for _, name := range names[1:] {
				if name != "" && name != "_" {
					fmt.Fprintf(&program, "_ = %s\n", name)
				}
			}
		}
		program.WriteString("}\n")
	}
	buildProgram(t, program.String())
}
