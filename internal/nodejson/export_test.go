package nodejson

import "github.com/go-json-experiment/json"

// AppendLenient encodes v as if something in it needed care.
func AppendLenient(v any) ([]byte, error) { return write(nil, v, lenient) }

// UnmarshalLenient decodes p as if something in it needed care.
func UnmarshalLenient(p []byte, v any) error { return json.Unmarshal(p, v, lenient) }

// MayHaveLoneSurrogate is what decides on that.
func MayHaveLoneSurrogate(p []byte) bool { return mayHaveLoneSurrogate(p) }
