package nodepath

import "strings"

// Posix has the functions of path.posix.
type Posix struct{}

func isSlash(c byte) bool { return c == '/' }

// cleaned joins the parts of path without '.', and without '..' and the part that it undoes. If
// above is true, a '..' that leads out of path stays.
func cleaned(path, separator string, above bool, isSeparator func(byte) bool) string {
	var parts []string
	names := 0 // last parts that '..' can undo
	for len(path) > 0 {
		end := 0
		for end < len(path) && !isSeparator(path[end]) {
			end++
		}
		part := path[:end]
		path = path[min(end+1, len(path)):]
		switch {
		case part == "" || part == ".":
		case part != "..":
			parts = append(parts, part)
			names++
		case names > 0:
			parts = parts[:len(parts)-1]
			names--
		case above:
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, separator)
}

// Normalize resolves '..' and '.'.
func (Posix) Normalize(path string) string {
	if path == "" {
		return "."
	}
	absolute, trailing := path[0] == '/', path[len(path)-1] == '/'
	path = cleaned(path, "/", !absolute, isSlash)
	switch {
	case path == "" && absolute:
		return "/"
	case path == "":
		path = "."
	}
	if trailing {
		path += "/"
	}
	if absolute {
		return "/" + path
	}
	return path
}

// IsAbsolute reports whether path is absolute.
func (Posix) IsAbsolute(path string) bool { return strings.HasPrefix(path, "/") }

// Join joins all parts and normalizes the result.
func (p Posix) Join(parts ...string) string {
	return p.Normalize(strings.Join(withoutEmpty(parts), "/"))
}

func withoutEmpty(parts []string) []string {
	some := make([]string, 0, len(parts))
	for _, part := range parts {
		if part != "" {
			some = append(some, part)
		}
	}
	return some
}

// Resolve joins parts from the last one to the left until the path is absolute. If it is not, cwd
// is put before it; Resolve returns cwd's error.
func (Posix) Resolve(cwd func() (string, error), parts ...string) (string, error) {
	first, absolute := 0, false
	for i := len(parts) - 1; i >= 0 && !absolute; i-- {
		if absolute = strings.HasPrefix(parts[i], "/"); absolute {
			first = i
		}
	}
	path := strings.Join(parts[first:], "/")
	if !absolute {
		dir, err := cwd()
		if err != nil {
			return "", err
		}
		path = dir + "/" + path
		absolute = strings.HasPrefix(dir, "/")
	}
	path = cleaned(path, "/", !absolute, isSlash)
	switch {
	case absolute:
		return "/" + path, nil
	case path == "":
		return ".", nil
	}
	return path, nil
}

// Relative returns the path that leads from one path to another. It returns the error of cwd.
func (p Posix) Relative(cwd func() (string, error), from, to string) (string, error) {
	if from == to {
		return "", nil
	}
	from, err := p.Resolve(cwd, from)
	if err != nil {
		return "", err
	}
	if to, err = p.Resolve(cwd, to); err != nil {
		return "", err
	}
	way, _ := between(split(from, "/"), split(to, "/"), "/", func(s string) string { return s })
	return way, nil
}

func split(path, separator string) []string {
	if path = strings.Trim(path, separator); path == "" {
		return nil
	}
	return strings.Split(path, separator)
}

// between returns the path from one list of names to another, and the number of leading names that
// are equal after key.
func between(from, to []string, separator string, key func(string) string) (way string, same int) {
	for same < len(from) && same < len(to) && key(from[same]) == key(to[same]) {
		same++
	}
	var parts []string
	for range from[same:] {
		parts = append(parts, "..")
	}
	return strings.Join(append(parts, to[same:]...), separator), same
}

// Dirname returns path without its last part.
func (Posix) Dirname(path string) string {
	absolute := strings.HasPrefix(path, "/")
	end := lastName(path, 1, isSlash)
	switch {
	case end < 0 && absolute:
		return "/"
	case end < 0:
		return "."
	case end == 1 && absolute:
		return "//"
	}
	return path[:end]
}

// lastName returns the index of the separator before the last name, -1 if there is none at or after
// from.
func lastName(path string, from int, isSeparator func(byte) bool) int {
	inName := false
	for i := len(path) - 1; i >= from; i-- {
		if !isSeparator(path[i]) {
			inName = true
		} else if inName {
			return i
		}
	}
	return -1
}

// Basename returns the last part, without the suffix unless that is all of it.
func (Posix) Basename(path, suffix string) string { return basename(path, 0, suffix, isSlash) }

func basename(path string, from int, suffix string, isSeparator func(byte) bool) string {
	if suffix != "" && suffix == path {
		return ""
	}
	start, end := baseOf(path, from, isSeparator)
	base := path[start:end]
	if len(base) < len(suffix) && len(suffix) <= len(path) && strings.HasSuffix(suffix, base) {
		return path[start:] // As in Node, the trailing separators stay.
	}
	if base != suffix {
		base = strings.TrimSuffix(base, suffix)
	}
	return base
}

// baseOf returns the bounds of the last name after from.
func baseOf(path string, from int, isSeparator func(byte) bool) (start, end int) {
	end = len(path)
	for end > from && isSeparator(path[end-1]) {
		end--
	}
	start = end
	for start > from && !isSeparator(path[start-1]) {
		start--
	}
	return start, end
}

// Extname returns the last part from its last dot on, "" if that is its first character.
func (p Posix) Extname(path string) string { return extension(p.Basename(path, "")) }

func extension(base string) string {
	if i := strings.LastIndexByte(base, '.'); i > 0 && base != ".." {
		return base[i:]
	}
	return ""
}

// Parse returns the parts of path.
func (Posix) Parse(path string) Parsed {
	root := 0
	if strings.HasPrefix(path, "/") {
		root = 1
	}
	return parsed(path, root, isSlash)
}

func parsed(path string, root int, isSeparator func(byte) bool) Parsed {
	start, end := baseOf(path, root, isSeparator)
	p := Parsed{Root: path[:root], Dir: path[:root], Base: path[start:end]}
	if start > root {
		p.Dir = path[:start-1]
	}
	p.Ext = extension(p.Base)
	p.Name = strings.TrimSuffix(p.Base, p.Ext)
	return p
}
