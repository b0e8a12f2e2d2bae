package nodejson

import "github.com/brood-go/brood/internal/wtf8"

// Value reads p as JSON.parse does: nil, a bool, a float64, a string, a []any or a map[string]any.
// If a key comes twice, the last member counts. A number out of range is an infinity. Lone
// surrogates in keys and strings become WTF-8, and bytes that are not UTF-8 become U+FFFD, as many
// as in Node. The result does not refer to p.
//
// The error is an *[Error] wrapping [ErrSyntax] or [ErrDepth].
//
// Safe to call from any goroutine.
func Value(p []byte) (any, error) {
	v, end, err := decodeValue(p, skipBlanks(p, 0), 0, nil)
	if err == nil {
		err = checkEnd(p, end)
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// decodeValue returns the value that begins at i, and the offset behind it. keys is that of the
// array around the value; nil outside of one.
func decodeValue(p []byte, i, depth int, keys *sharedKeys) (v any, end int, err error) {
	if i >= len(p) {
		return nil, 0, syntaxError(i)
	}
	switch p[i] {
	case '"':
		return boxed(decodeString(p, i))
	case '{':
		return boxed(decodeObject(p, i, depth, keys))
	case '[':
		return boxed(decodeArray(p, i, depth))
	case 't', 'f', 'n':
		return decodeWord(p, i)
	}
	return boxed(decodeFloat(p, i))
}

// boxed returns v as an any. It keeps the cases of decodeValue on one line each.
func boxed[T any](v T, end int, err error) (any, int, error) {
	if err != nil {
		return nil, 0, err
	}
	return v, end, nil
}

func decodeWord(p []byte, i int) (v any, end int, err error) {
	if end, err = skipValue(p, i, 0); err != nil {
		return nil, 0, err
	}
	switch p[i] {
	case 't':
		v = true
	case 'f':
		v = false
	}
	return v, end, nil
}

func decodeArray(p []byte, i, depth int) (list []any, end int, err error) {
	if depth >= maxDepth {
		return nil, 0, depthError(i)
	}
	list = []any{}
	var keys sharedKeys
	if i = skipBlanks(p, i+1); i < len(p) && p[i] == ']' {
		return list, i + 1, nil
	}
	for {
		v, end, err := decodeValue(p, i, depth+1, &keys)
		if err != nil {
			return nil, 0, err
		}
		list = append(list, v)
		if plainComma(p, end) {
			i = end + 1
			continue
		}
		more, next, err := separator(p, end, ']')
		if !more || err != nil {
			return list, next, err
		}
		i = next
	}
}

func decodeObject(p []byte, i, depth int, keys *sharedKeys) (object map[string]any, end int, err error) {
	if depth >= maxDepth {
		return nil, 0, depthError(i)
	}
	object = map[string]any{}
	if i = skipBlanks(p, i+1); i < len(p) && p[i] == '}' {
		return object, i + 1, nil
	}
	for n := 0; ; n++ {
		key, value, err := skipKey(p, i)
		if err != nil {
			return nil, 0, err
		}
		v, end, err := decodeValue(p, value, depth+1, nil)
		if err != nil {
			return nil, 0, err
		}
		object[keys.text(n, p[i:key])] = v
		if plainComma(p, end) {
			i = end + 1
			continue
		}
		more, next, err := separator(p, end, '}')
		if !more || err != nil {
			return object, next, err
		}
		i = next
	}
}

// sharedKeys are the keys of the last object in an array. The next object mostly has the same keys
// in the same order, and uses their strings again. A nil *sharedKeys shares nothing.
type sharedKeys []string // "" for a key with escapes

// text is keyText for the key of member n.
func (k *sharedKeys) text(n int, q []byte) string {
	if k == nil {
		return keyText(q)
	}
	if n < len(*k) && string(q[1:len(q)-1]) == (*k)[n] {
		return (*k)[n]
	}
	text := keyText(q)
	*k = append((*k)[:n], "")
	if isPlainKey(q) {
		(*k)[n] = text
	}
	return text
}

// keyText returns the text of the key q, which has its quotes.
func keyText(q []byte) string {
	if !isPlainKey(q) {
		return unquote(q)
	}
	return string(q[1 : len(q)-1])
}

// isPlainKey reports whether the key q has no escapes and is ASCII.
func isPlainKey(q []byte) bool { return wtf8.PlainEnd(q, 1) == len(q)-1 }
