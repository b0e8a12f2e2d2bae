package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/examples/internal/program"
	"github.com/brood-go/brood/internal/test/looptest"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// python returns the path of python3. In the CI there has to be one.
func python(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		require.NoError(t, err)
	}
	t.Skip("there is no python3 on PATH: ", err)
	return ""
}

//brood:checks W082
func TestCountsWordsInPython(t *testing.T) {
	python(t)
	cmd := program.Command(t)
	cmd.Dir = t.TempDir() // It needs no file of its source.
	got := program.Run(t, cmd)
	require.Zero(t, got.Code, "%s", got.Stderr)
	_, recorded := program.Recorded(t)
	require.ElementsMatch(t, strings.Split(recorded, "\n"), strings.Split(got.Stdout, "\n"), "in any order: the workers are two")
}

func TestNoPython(t *testing.T) {
	cmd := program.Command(t)
	cmd.Env = append(cmd.Env, "PATH="+t.TempDir())
	got := program.Run(t, cmd)
	require.Equal(t, program.Result{Stderr: "pyworker: pool: worker 1 does not start: spawn python3: ENOENT: no such file or directory\n", Code: 1}, got)
}

//brood:checks W082
func TestTheWorkerHas15Lines(t *testing.T) {
	require.LessOrEqual(t, strings.Count(script, "\n"), 15)
}

// TestLinesOnDescriptor3AreAllThatAWorkerNeeds plays the parent by hand.
//
//brood:checks W082
func TestLinesOnDescriptor3AreAllThatAWorkerNeeds(t *testing.T) {
	path := python(t)
	l := looptest.New(t)
	o := &childprocess.Options{Stdio: []childprocess.Stdio{
		childprocess.Ignore, childprocess.Inherit, childprocess.Inherit, childprocess.Pipe}}
	c, err := childprocess.Spawn(l, path, []string{"-c", script}, o)
	require.NoError(t, err)
	side := c.Stdio[3]
	var got []map[string]any
	side.Readable.OnLine(func(line []byte) {
		var m map[string]any
		require.NoError(t, json.Unmarshal(line, &m), "%s", line)
		got = append(got, m)
		if e, ok := m["error"].(map[string]any); ok {
			require.Contains(t, e["stack"], "Traceback")
			// Newer versions say which value.
			e["message"], _, _ = strings.Cut(e["message"].(string), ":")
			delete(e, "stack")
		}
		if m["id"] == 4. {
			side.Writable.End() // The worker has answered everything.
		}
	})
	_, err = side.Writable.WriteString(`{"id":1,"method":"words","job":{"text":"Ä ä b"},"later":[1]}
{"id":2,"method":"sum","job":[1,2,3.5],"attempt":2}
{"id":3,"method":"divide","job":[1,0]}
{"id":4,"method":"divide","job":[1e308,1e-308]}
`)
	require.NoError(t, err)
	var status childprocess.ExitStatus
	closed := false
	c.OnClose(func(s childprocess.ExitStatus) { status, closed = s, true })
	for end := time.Now().Add(looptest.HangLimit()); !closed; {
		require.True(t, time.Now().Before(end), "hangs")
		_, err := l.Poll(time.Second)
		require.NoError(t, err)
	}
	require.True(t, status.Success(), "%s", status)
	require.Equal(t, []map[string]any{
		{"ready": map[string]any{"version": 1., "methods": []any{"words", "sum", "divide"}}},
		{"id": 1., "result": map[string]any{"ä": 2., "b": 1.}},
		{"id": 2., "result": 6.5},
		{"id": 3., "error": map[string]any{"message": "division by zero", "name": "ZeroDivisionError"}},
		{"id": 4., "error": map[string]any{"message": "Out of range float values are not JSON compliant", "name": "ValueError"}},
	}, got)
}
