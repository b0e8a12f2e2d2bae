// Package nodejson is a stand-in.
package nodejson

import (
	"bytes"
	"encoding/json"
	"strings"
)

func Append(dst []byte, v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return dst, err
	}
	return append(dst, b.Bytes()[:b.Len()-1]...), nil
}
func Unmarshal(p []byte, v any) error { return json.Unmarshal(p, v) }
func Value(p []byte) (v any, err error) {
	err = json.Unmarshal(p, &v)
	return v, err
}
func Valid(p []byte) bool { return json.Valid(p) }
func Cmd(p []byte) (string, bool) {
	if !bytes.Contains(p, []byte("NODE_")) {
		return "", false
	}
	var m struct{ Cmd any }
	if json.Unmarshal(p, &m) != nil {
		return "", false
	}
	s, _ := m.Cmd.(string)
	if len(s) > 5 && strings.HasPrefix(s, "NODE_") {
		return s, true
	}
	return "", false
}
func Members(p []byte, yield func(key string, raw []byte)) {
	var m map[string]json.RawMessage
	_ = json.Unmarshal(p, &m)
	for k, v := range m {
		yield(k, v)
	}
}
