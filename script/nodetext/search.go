package nodetext

import (
	"bytes"

	"github.com/brood-go/brood/streams"
)

// Index returns the first place in p, at or after offset, at which pattern begins, -1 if there is
// none. A negative offset counts from the end. In UTF-16 only even places count, and an odd last
// byte of pattern is ignored.
func Index(p, pattern []byte, offset int64, e streams.Encoding) int {
	n := int64(len(p))
	if offset < 0 {
		offset = max(0, offset+n)
	}
	offset = min(offset, n)
	if len(pattern) == 0 {
		return int(offset)
	}
	if e != streams.UTF16LE {
		return offsetFound(bytes.Index(p[offset:], pattern), int(offset))
	}
	if pattern = pattern[:len(pattern)&^1]; len(pattern) == 0 {
		return -1
	}
	for from := int(offset) &^ 1; ; from++ {
		i := bytes.Index(p[from:], pattern)
		if i < 0 {
			return -1
		}
		if from += i; from%2 == 0 {
			return from
		}
	}
}

func offsetFound(i, from int) int {
	if i < 0 {
		return -1
	}
	return from + i
}

// LastIndex returns the last place in p, at or before offset, at which pattern begins, -1 if there
// is none.
func LastIndex(p, pattern []byte, offset int64, e streams.Encoding) int {
	n := int64(len(p))
	if offset < 0 {
		if offset += n; offset < 0 {
			if len(pattern) == 0 {
				return 0
			}
			return -1
		}
	}
	offset = min(offset, n)
	if len(pattern) == 0 {
		return int(offset)
	}
	end := int(min(n, offset+int64(len(pattern))))
	if e == streams.UTF16LE {
		if pattern = pattern[:len(pattern)&^1]; len(pattern) == 0 {
			return -1
		}
		end = int(min(n, offset&^1+int64(len(pattern))))
	}
	for {
		i := bytes.LastIndex(p[:end], pattern)
		if i < 0 || e != streams.UTF16LE || i%2 == 0 {
			return i
		}
		end = i + len(pattern) - 1
	}
}
