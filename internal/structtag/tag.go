// Package structtag finds the members that a Go struct has in a message, by the rules of Go and of
// encoding/json: by the json tags of its fields, and the fields of embedded structs.
package structtag

import (
	"reflect"
	"strings"
)

// A Tag is the json tag of a field. The zero value is that of a field without one.
type Tag struct {
	Name      string // name of the member; "" if the tag has none
	Skip      bool   // the field is no member
	OmitEmpty bool
	OmitZero  bool
	Other     bool // the tag has options besides these two
}

// Parse returns the tag of f.
func Parse(f reflect.StructField) Tag {
	text := f.Tag.Get("json")
	if text == "-" {
		return Tag{Skip: true}
	}
	name, options, _ := strings.Cut(text, ",")
	tag := Tag{Name: name}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "":
		case "omitempty":
			tag.OmitEmpty = true
		case "omitzero":
			tag.OmitZero = true
		default:
			tag.Other = true
		}
	}
	return tag
}
