package main

import (
	"bytes"
	jsonv1 "encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/encoder"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	legacy "github.com/go-json-experiment/json/v1"
	goccy "github.com/goccy/go-json"
	segmentio "github.com/segmentio/encoding/json"

	"github.com/brood-go/brood/internal/nodejson"
)

// This file measures the JSON libraries that internal/nodejson could be built on, with the messages
// of an IPC channel:
//
//	go test -bench JSON -benchmem
//
// Each contestant encodes as a channel needs it: into a buffer that is used again, without escapes
// for HTML and with sorted keys.

type jsonMessage struct {
	N    int               `json:"n"`
	S    string            `json:"s"`
	Rows []jsonRow         `json:"rows,omitempty"`
	Tags map[string]string `json:"tags,omitempty"`
}

type jsonRow struct {
	ID    int64   `json:"id"`
	Name  string  `json:"name"`
	Ratio float64 `json:"ratio"`
	Done  bool    `json:"done"`
	Path  string  `json:"path"`
}

var jsonSizes = []string{"small", "1KiB", "64KiB"}

// jsonMessages are the small message that most channels send all day, one of 1 KiB and one of 64
// KiB.
func jsonMessages() map[string]*jsonMessage {
	rows := func(n int) *jsonMessage {
		m := &jsonMessage{N: n, S: "hello", Tags: map[string]string{"host": "worker-1", "zone": "北"}}
		for i := range n {
			m.Rows = append(m.Rows, jsonRow{
				ID: int64(i) * 7919, Name: fmt.Sprintf("row %d", i), Ratio: float64(i) / 7, Done: i%2 == 0,
				Path: strings.Repeat("/d\"ir", i%4) + "/file",
			})
		}
		return m
	}
	return map[string]*jsonMessage{"small": {N: 1, S: "hello"}, "1KiB": rows(12), "64KiB": rows(760)}
}

type jsonLibrary struct {
	name   string
	encode func() func(v any) ([]byte, error)
	decode func(p []byte, v any) error
}

var jsonLibraries = []jsonLibrary{
	{"nodejson", func() func(v any) ([]byte, error) {
		var buf []byte
		var e nodejson.Encoder
		return func(v any) (_ []byte, err error) {
			buf, err = e.Append(buf[:0], v)
			return buf, err
		}
	}, nodejson.Decode},
	{"encoding_json", func() func(v any) ([]byte, error) {
		var buf bytes.Buffer
		enc := jsonv1.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		return func(v any) ([]byte, error) {
			buf.Reset()
			err := enc.Encode(v)
			return buf.Bytes(), err
		}
	}, jsonv1.Unmarshal},
	{"v2", func() func(v any) ([]byte, error) { return v2Encoder(json.Deterministic(true)) },
		func(p []byte, v any) error { return json.Unmarshal(p, v) }},
	{"v2_as_v1", func() func(v any) ([]byte, error) {
		return v2Encoder(legacy.DefaultOptionsV1(), jsontext.AllowInvalidUTF8(false),
			jsontext.EscapeForHTML(false), jsontext.EscapeForJS(false))
	}, func(p []byte, v any) error { return json.Unmarshal(p, v, v2AsV1) }},
	{"goccy", func() func(v any) ([]byte, error) {
		var buf bytes.Buffer
		enc := goccy.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		return func(v any) ([]byte, error) {
			buf.Reset()
			err := enc.Encode(v)
			return buf.Bytes(), err
		}
	}, goccy.Unmarshal},
	{"segmentio", func() func(v any) ([]byte, error) {
		var buf []byte
		return func(v any) (_ []byte, err error) {
			buf, err = segmentio.Append(buf[:0], v, segmentio.SortMapKeys)
			return buf, err
		}
	}, segmentio.Unmarshal},
	{"sonic", func() func(v any) ([]byte, error) {
		var buf []byte
		return func(v any) ([]byte, error) {
			buf = buf[:0]
			err := encoder.EncodeInto(&buf, v, encoder.SortMapKeys|encoder.CompactMarshaler)
			return buf, err
		}
	}, sonic.ConfigStd.Unmarshal},
}

var v2AsV1 = json.JoinOptions(legacy.DefaultOptionsV1(), jsontext.AllowInvalidUTF8(false))

func v2Encoder(opts ...json.Options) func(v any) ([]byte, error) {
	var buf bytes.Buffer
	o := json.JoinOptions(opts...)
	enc := jsontext.NewEncoder(&buf, o)
	return func(v any) ([]byte, error) {
		buf.Reset()
		enc.Reset(&buf, o)
		err := json.MarshalEncode(enc, v)
		return buf.Bytes(), err
	}
}

func BenchmarkJSONEncode(b *testing.B) {
	for _, size := range jsonSizes {
		m := jsonMessages()[size]
		text, err := jsonv1.Marshal(m)
		check(err)
		var generic any
		check(jsonv1.Unmarshal(text, &generic))
		for _, v := range []any{m, generic} {
			for _, l := range jsonLibraries {
				b.Run(fmt.Sprintf("%s/%s/%s", size, jsonTarget(v), l.name), func(b *testing.B) {
					encode := l.encode()
					b.ReportAllocs()
					b.SetBytes(int64(len(text)))
					for b.Loop() {
						_, err := encode(v)
						check(err)
					}
				})
			}
		}
	}
}

func BenchmarkJSONDecode(b *testing.B) {
	for _, size := range jsonSizes {
		text, err := jsonv1.Marshal(jsonMessages()[size])
		check(err)
		for _, fresh := range []func() any{func() any { return new(jsonMessage) }, func() any { return new(any) }} {
			for _, l := range jsonLibraries {
				b.Run(fmt.Sprintf("%s/%s/%s", size, jsonTarget(fresh()), l.name), func(b *testing.B) {
					b.ReportAllocs()
					b.SetBytes(int64(len(text)))
					for b.Loop() {
						check(l.decode(text, fresh()))
					}
				})
			}
		}
	}
}

func jsonTarget(v any) string {
	if _, ok := v.(*jsonMessage); ok {
		return "struct"
	}
	return "any"
}
