// Package structtag tells the members that a Go struct has in a message, by the rules of Go and of
// encoding/json: the json tags of its fields, and the fields of the structs that are embedded in
// it.
package structtag

import (
	"reflect"
	"strings"
)

// A Tag is what the json tag of a field says.
type Tag struct {
	Name      string // of the member, "" if the tag has none
	Skip      bool   // The field is no member.
	OmitEmpty bool
	OmitZero  bool
	Other     bool // There are options that are neither of the two.
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
