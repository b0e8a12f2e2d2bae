package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/brood-go/brood/script/engine"
)

// words are the parts of fuzzed scripts: one for each byte of input.
var words = strings.Split("{ } ( ) [ ] , ; . => = + - * / ** ?. ?? ... ` ${ ' \" \\ # @ ~ ! < >> >>> & | ^ : ? \n 0 1 -1 1e9 2n 0.5 NaN a b c x this null "+
	"undefined true let const var function function* async await yield class extends super new return throw try catch finally if else for of in while do break "+
	"continue switch case default delete typeof void instanceof import export static get set eval with label: constructor prototype __proto__ toString valueOf "+
	"length Symbol.iterator Symbol.asyncIterator Object Array Map Set WeakMap WeakRef Proxy Reflect Promise JSON RegExp Function Date Error Uint8Array ArrayBuffer "+
	"SharedArrayBuffer DataView BigInt Math String Number FinalizationRegistry Atomics go() go(a) go(go) go({}) go([1,2]) go(()=>1) go(async()=>1) go('t') "+
	".map( .sort( .then( .replace( .slice( .fill( .transfer( .resize( .call( .apply( .bind( .next( .return( .repeat( .concat( .flat( .push( .at( /(a+)+$/ /[^]*/g "+
	"{maxByteLength:64} Array.from( Object.defineProperty( new.target import.meta use_strict globalThis", " ")

// goFunction uses its argument in every way that a value can be used.
func goFunction(c *engine.Call) (engine.Value, error) {
	v := c.Arg(0)
	v.Kind()
	v.Class()
	v.Native()
	v.BigInt()
	v.OwnKeys(true)
	v.Entries(10)
	v.Proxy()
	v.Promise()
	if b, ok := v.Bytes(); ok && len(b) > 0 {
		b[0]++
	}
	_, err1 := v.Convert()
	_, err2 := v.JSON()
	_, err3 := v.Keys()
	_, err4 := v.Get("a")
	_, err5 := v.Call(c.This(), v, c.String("\xed\xa0\x80\x00"), engine.Value{})
	err6 := v.Set("go", c.Closure(goFunction))
	_, err7 := v.New(c.Uint8Array([]byte("abc")))
	k := v.Keep()
	c.Engine().Release(&k)
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil && c.Len() > 1 {
		return v, err
	}
	return c.Array(v), nil
}

// Every script ends with a value or an error.
func FuzzEval(f *testing.F) {
	f.Add([]byte("\x00\x01"), uint16(0))
	f.Add([]byte("function"), uint16(500))
	f.Add([]byte{90, 2, 60, 3, 0, 1, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110}, uint16(3000))
	f.Fuzz(func(t *testing.T, script []byte, kib uint16) {
		var source strings.Builder
		for _, b := range script {
			source.WriteString(words[int(b)%len(words)])
			source.WriteByte(' ')
		}
		e, err := engine.New(&engine.Options{MemoryLimit: int64(200+kib%8192) << 10, StackDepth: 500})
		if err != nil {
			return // The memory limit is too small for an engine.
		}
		timer := time.AfterFunc(100*time.Millisecond, func() { e.Interrupt(nil) })
		run := func(fn func(s *engine.Scope) error) {
			defer func() {
				if p := recover(); p != nil {
					if _, ok := p.(*engine.MemoryError); !ok {
						panic(p)
					}
				}
			}()
			_ = e.Do(fn) // Most inputs are no valid scripts.
		}
		for _, text := range []string{source.String(), string(script)} {
			run(func(s *engine.Scope) error {
				if err := s.Global().Set("go", s.Closure(goFunction)); err != nil {
					return err
				}
				_, err := s.Eval("fuzz.js", text)
				return err
			})
			run(func(s *engine.Scope) error { _, err := s.EvalModule("fuzz.mjs", text); return err })
			for i := 0; i < 100 && e.HasJobs() && !e.Interrupted(); i++ {
				_ = e.RunJobs()
			}
		}
		timer.Stop()
		e.Collect()
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
