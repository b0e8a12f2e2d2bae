package nodejson

import "unicode/utf8"

// Value returns what p means as JSON.parse has it: nil, a bool, a float64, a string, a []any or a map[string]any. Of
// several members with the same key the last one counts. A number that is out of range is an infinity. Lone surrogates
// in keys and strings come as WTF-8, and what is not UTF-8 as U+FFFD, as many as Node makes of it. The result refers to
// nothing in p.
//
// The error is an *[Error] wrapping [ErrSyntax] or [ErrDepth].
//
// Safe to call from any goroutine.
func Value(p []byte) (any, error) {
	v, end, err := parseValue(p, skipBlanks(p, 0), 0)
	if err == nil {
		err = checkEnd(p, end)
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// parseValue returns the value that begins at i, and the offset behind it.
func parseValue(p []byte, i, depth int) (v any, end int, err error) {
	if i >= len(p) {
		return nil, 0, syntaxError(i)
	}
	switch p[i] {
	case '"':
		return boxed(parseString(p, i))
	case '{':
		return boxed(parseObject(p, i, depth))
	case '[':
		return boxed(parseArray(p, i, depth))
	case 't', 'f', 'n':
		return parseWord(p, i)
	}
	if end, err = skipNumber(p, i); err != nil {
		return nil, 0, err
	}
	return parseFloat(p[i:end]), end, nil
}

// boxed converts one type of value to any, so that parseValue's cases stay a line each.
func boxed[T any](v T, end int, err error) (any, int, error) {
	if err != nil {
		return nil, 0, err
	}
	return v, end, nil
}

func parseWord(p []byte, i int) (v any, end int, err error) {
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

func parseArray(p []byte, i, depth int) (list []any, end int, err error) {
	if depth >= maxDepth {
		return nil, 0, depthError(i)
	}
	list = []any{}
	if i = skipBlanks(p, i+1); i < len(p) && p[i] == ']' {
		return list, i + 1, nil
	}
	for {
		v, end, err := parseValue(p, i, depth+1)
		if err != nil {
			return nil, 0, err
		}
		list = append(list, v)
		more, next, err := separator(p, end, ']')
		if !more || err != nil {
			return list, next, err
		}
		i = next
	}
}

func parseObject(p []byte, i, depth int) (object map[string]any, end int, err error) {
	if depth >= maxDepth {
		return nil, 0, depthError(i)
	}
	object = map[string]any{}
	if i = skipBlanks(p, i+1); i < len(p) && p[i] == '}' {
		return object, i + 1, nil
	}
	for {
		key, value, err := skipKey(p, i)
		if err != nil {
			return nil, 0, err
		}
		v, end, err := parseValue(p, value, depth+1)
		if err != nil {
			return nil, 0, err
		}
		object[keyText(p[i:key])] = v
		more, next, err := separator(p, end, '}')
		if !more || err != nil {
			return object, next, err
		}
		i = next
	}
}

// keyText returns what the key q, with its quotes, means.
func keyText(q []byte) string {
	for _, c := range q[1 : len(q)-1] {
		if c == '\\' || c >= utf8.RuneSelf {
			return unquote(q)
		}
	}
	return string(q[1 : len(q)-1])
}
