package engine_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/engine"
)

// texts returns String(value) of each value, and the descriptions of symbols.
func texts(t *testing.T, of []engine.Value) []string {
	t.Helper()
	all := make([]string, len(of))
	for i, v := range of {
		if v.Kind() == engine.Symbol {
			description, err := v.Get("description")
			require.NoError(t, err)
			v = description
		}
		text, err := v.Convert()
		require.NoError(t, err)
		all[i] = text
	}
	return all
}

// valueOf returns the value of a script.
func valueOf(t *testing.T, s *engine.Scope, source string) engine.Value {
	t.Helper()
	v, err := s.Eval("test.js", source)
	require.NoError(t, err, source)
	return v
}

func TestTargetsAndHandlersOfProxies(t *testing.T) {
	e := newEngine(t, nil)
	require.NoError(t, e.Do(func(s *engine.Scope) error {
		pair := valueOf(t, s, "const target = { a: 1 }, handler = {}; const r = Proxy.revocable(target, handler); [r.proxy, target, handler, r]")
		at := func(i int) engine.Value {
			v, err := pair.Index(i)
			require.NoError(t, err)
			return v
		}
		target, handler, ok := at(0).Proxy()
		require.True(t, ok)
		require.True(t, target.Is(at(1)))
		require.True(t, handler.Is(at(2)))
		_, _, ok = at(1).Proxy()
		require.False(t, ok)
		_, err := at(3).Invoke("revoke")
		require.NoError(t, err)
		target, handler, ok = at(0).Proxy()
		require.True(t, ok)
		require.Equal(t, engine.Null, target.Kind())
		require.Equal(t, engine.Null, handler.Kind())
		return nil
	}))
}

func TestKeysBesidesIndexes(t *testing.T) {
	e := newEngine(t, nil)
	require.NoError(t, e.Do(func(s *engine.Scope) error {
		for _, test := range []struct {
			source          string
			enumerable, all []string
		}{
			{"const a = [1, 2]; a.x = 1; a[Symbol('s')] = 2; a", []string{"x", "s"}, []string{"length", "x", "s"}},
			{"const b = []; b[5] = 1; b[4294967294] = 1; b[4294967295] = 1; b", []string{"4294967295"}, []string{"length", "4294967295"}},
			{"const c = new Uint8Array(1e8); c.y = 1; c", []string{"y"}, []string{"y"}},
			{"const d = Object.defineProperty([], 'z', { value: 1 }); delete d.z; d.v = 1; delete d.v; d", []string{}, []string{"length", "z"}},
			{"class P extends Array { #secret = 1; open = 2 } new P()", []string{"open"}, []string{"length", "open"}},
			{"new Proxy([1], {})", []string{}, []string{}},
			{"1", []string{}, []string{}},
		} {
			v := valueOf(t, s, "{"+test.source+"}") // a block: the tests may use one name
			require.Equal(t, test.enumerable, texts(t, v.OwnKeys(true)), test.source)
			require.Equal(t, test.all, texts(t, v.OwnKeys(false)), test.source)
		}
		return nil
	}))
}

func TestEntriesOfIteratorsAndWeakCollections(t *testing.T) {
	e := newEngine(t, nil)
	require.NoError(t, e.Do(func(s *engine.Scope) error {
		for _, test := range []struct {
			source string
			want   []string
			pairs  bool
		}{
			{"const m = new Map([[1, 2], [3, 4], [5, 6]]); const i = m.entries(); i.next(); m.delete(3); i", []string{"5", "6"}, true},
			{"new Map([[1, 2]]).keys()", []string{"1"}, false},
			{"new Map([[1, 2]]).values()", []string{"2"}, false},
			{"new Set([1, 2]).values()", []string{"1", "2"}, false},
			{"new Set([1]).entries()", []string{"1", "1"}, true},
			{"const over = new Set().values(); over.next(); over", []string{}, false},
			{"globalThis.k = ['key']; new WeakSet([k])", []string{"key"}, false},
			{"const w = new WeakMap([[k, 'value']]); w.set(['gone'], 1); w", []string{"key", "value"}, true},
		} {
			entries, pairs, ok := valueOf(t, s, test.source).Entries(100)
			require.True(t, ok, test.source)
			require.Equal(t, test.want, texts(t, entries), test.source)
			require.Equal(t, test.pairs, pairs, test.source)
		}
		entries, _, _ := valueOf(t, s, "new Set([1, 2, 3]).values()").Entries(2)
		require.Len(t, entries, 2)
		_, _, ok := valueOf(t, s, "[]").Entries(1)
		require.False(t, ok)
		return nil
	}))
}

func TestRealmsAreFreedWhenNothingRefersToThem(t *testing.T) {
	e := newEngine(t, nil)
	run := func() {
		require.NoError(t, e.Do(func(s *engine.Scope) error {
			realm, err := s.Realm(s.Object())
			require.NoError(t, err)
			v, err := s.EvalIn(realm, "other.js", "globalThis.n = 1; [n, Array]")
			require.NoError(t, err)
			array, err := v.Index(1)
			require.NoError(t, err)
			require.False(t, array.Is(valueOf(t, s, "Array")))
			n, err := s.GlobalOf(realm).Get("n")
			require.NoError(t, err)
			require.EqualValues(t, 1, n.Int())
			require.True(t, valueOf(t, s, "typeof n === 'undefined'").Bool())
			require.True(t, s.GlobalOf(s.Object()).IsUndefined())
			return nil
		}))
		e.Collect()
	}
	run()
	before := e.Memory()
	for range 50 {
		run()
	}
	require.Less(t, e.Memory()-before, int64(1<<20))
}

func TestJobsAreNumberedInTheirOrder(t *testing.T) {
	e := newEngine(t, nil)
	var numbers []int64
	e.BeforeJob(func(_ *engine.Scope, number int64) error {
		numbers = append(numbers, number)
		return nil
	})
	require.NoError(t, e.Do(func(s *engine.Scope) error {
		require.EqualValues(t, 0, e.Queued())
		valueOf(t, s, "Promise.resolve().then(() => Promise.resolve().then(() => {})); Promise.resolve().then(() => {})")
		require.EqualValues(t, 2, e.Queued())
		return nil
	}))
	require.NoError(t, e.RunJobs())
	last := len(numbers) - 1
	require.EqualValues(t, -1, numbers[last])
	for i, n := range numbers[:last] {
		require.EqualValues(t, i, n)
	}
	require.EqualValues(t, last, e.Queued())
	e.BeforeJob(nil)
}

func TestAnInterruptionEndsOnlyForItsReason(t *testing.T) {
	e := newEngine(t, nil)
	reason := errors.New("reason")
	e.Interrupt(reason)
	require.False(t, e.ResumeFrom(errors.New("another")))
	require.True(t, e.ResumeFrom(reason))
	require.False(t, e.ResumeFrom(reason))
}
