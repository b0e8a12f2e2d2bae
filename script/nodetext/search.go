package nodetext

import (
	"bytes"

	"github.com/brood-go/brood/streams"
)

// Index returns the first place in p, at or after offset, at which what begins, -1 if there is
// none. A negative offset counts from the end. In UTF-16 only even places count, and an odd last
// byte of what is ignored.
func Index(p, what []byte, offset int64, e streams.Encoding) int {
	n := int64(len(p))
	if offset < 0 {
		offset = max(0, offset+n)
	}
	offset = min(offset, n)
	if len(what) == 0 {
		return int(offset)
	}
	if e != streams.UTF16LE {
		return offsetFound(bytes.Index(p[offset:], what), int(offset))
	}
	if what = what[:len(what)&^1]; len(what) == 0 {
		return -1
	}
	for from := int(offset) &^ 1; ; from++ {
		i := bytes.Index(p[from:], what)
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

// LastIndex returns the last place in p, at or before offset, at which what begins, -1 if there is
// none.
func LastIndex(p, what []byte, offset int64, e streams.Encoding) int {
	n := int64(len(p))
	if offset < 0 {
		if offset += n; offset < 0 {
			if len(what) == 0 {
				return 0
			}
			return -1
		}
	}
	offset = min(offset, n)
	if len(what) == 0 {
		return int(offset)
	}
	end := int(min(n, offset+int64(len(what))))
	if e == streams.UTF16LE {
		if what = what[:len(what)&^1]; len(what) == 0 {
			return -1
		}
		end = int(min(n, offset&^1+int64(len(what))))
	}
	for {
		i := bytes.LastIndex(p[:end], what)
		if i < 0 || e != streams.UTF16LE || i%2 == 0 {
			return i
		}
		end = i + len(what) - 1
	}
}
