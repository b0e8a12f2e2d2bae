package host_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/host"
)

func newHost(t *testing.T) *host.Host {
	t.Helper()
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	h, err := host.New(loop, nil)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, h.Close())
		require.NoError(t, loop.Close())
	})
	return h
}

func TestExportsOfAFileAreForGo(t *testing.T) {
	dir := files(t, map[string]string{
		"a.cjs": "module.exports = { name: 'a', list: [1, 2].map((n) => n * 2) }", "b.mjs": "export const name = 'b'",
		"bad.cjs": "let x = ;",
	})
	h := newHost(t)
	require.NoError(t, h.Do(func(s *engine.Scope) error {
		v, err := h.Require(s, filepath.Join(dir, "a.cjs"))
		require.NoError(t, err)
		text, err := v.JSON()
		require.NoError(t, err)
		var config struct {
			Name string
			List []int
		}
		require.NoError(t, json.Unmarshal([]byte(text), &config))
		require.Equal(t, []int{2, 4}, config.List)
		v, err = h.Require(s, filepath.Join(dir, "b.mjs"))
		require.NoError(t, err)
		name, err := v.Get("name")
		require.NoError(t, err)
		require.Equal(t, "b", name.Text())
		_, err = h.Require(s, "path")
		require.NoError(t, err)
		_, err = h.Require(s, filepath.Join(dir, "bad.cjs"))
		require.EqualError(t, err, "SyntaxError: Unexpected token ';'")
		_, err = h.Require(s, "./no-such-file")
		require.ErrorContains(t, err, "Cannot find module")
		return nil
	}))
}

func TestAPromiseIsWaitedFor(t *testing.T) {
	h := newHost(t)
	require.NoError(t, h.MainText(`globalThis.work = async (n) => {
		await new Promise((resolve) => setTimeout(resolve, 1));
		if (n < 0) throw new RangeError('too small');
		return n * 2;
	}`, nil))
	var got []any
	told := func(s *engine.Scope, v engine.Value, err error) {
		if x, ok := errors.AsType[*engine.Exception](err); ok {
			got = append(got, x.Message)
		} else {
			got = append(got, v.Int())
		}
	}
	require.NoError(t, h.Do(func(s *engine.Scope) error {
		for _, n := range []int64{21, -1} {
			v, err := s.Global().Invoke("work", s.Int(n))
			require.NoError(t, err)
			require.NoError(t, h.Await(v, told))
		}
		return h.Await(s.Int(7), told)
	}))
	code, err := h.Run()
	require.NoError(t, err)
	require.Zero(t, code)
	require.Equal(t, []any{int64(7), int64(42), "RangeError: too small"}, got)
}
