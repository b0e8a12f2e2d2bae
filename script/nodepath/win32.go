package nodepath

import (
	"slices"
	"strings"
	"unicode/utf16"
)

// Win32 has the functions of path.win32.
type Win32 struct{}

func isEitherSlash(c byte) bool { return c == '/' || c == '\\' }

func isDriveLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// hasDrive reports whether path begins with a drive such as "C:".
func hasDrive(path string) bool { return len(path) > 1 && isDriveLetter(path[0]) && path[1] == ':' }

// isReserved reports whether the text before the colon is the name of a device. As in Node, a colon
// of -1 stands for the last byte.
func isReserved(path string, colon int) bool {
	if colon < 0 {
		colon += len(path)
	}
	if colon < 0 {
		return false
	}
	switch name := strings.ToUpper(path[:colon]); name {
	case "CON", "PRN", "AUX", "NUL":
		return true
	default:
		port, ok := strings.CutPrefix(name, "COM")
		if !ok {
			port, ok = strings.CutPrefix(name, "LPT")
		}
		return ok && (len(port) == 1 && '1' <= port[0] && port[0] <= '9' || port == "¹" || port == "²" || port == "³")
	}
}

// share is the root of a UNC path: its server, and the bounds of its share in the path.
type share struct {
	server     string
	start, end int
}

// shareOf finds the share after the two separators that path begins with. ok is false if there is
// none.
func shareOf(path string) (s share, ok bool) {
	i := 2
	skip := func(separators bool) bool {
		start := i
		for i < len(path) && isEitherSlash(path[i]) == separators {
			i++
		}
		return i > start && i < len(path)
	}
	if !skip(false) {
		return s, false
	}
	s.server = path[2:i]
	if !skip(true) {
		return s, false
	}
	s.start = i
	skip(false)
	s.end = i
	return s, true
}

// root describes the beginning of a path.
type root struct {
	device   string
	end      int
	absolute bool
	share    share
	isShare  bool
}

// rootOf finds the device of a path: a drive, a share or the beginning of a device path.
func rootOf(path string) (r root) {
	switch {
	case path == "":
	case isEitherSlash(path[0]):
		r.absolute, r.end = true, 1
		if len(path) < 2 || !isEitherSlash(path[1]) {
			break
		}
		r.end = 0 // Two separators are no root unless a share follows.
		if r.share, r.isShare = shareOf(path); !r.isShare {
			break
		}
		if server := r.share.server; server == "." || server == "?" {
			r.device, r.end, r.isShare = `\\`+server, 4, false
		} else {
			r.device, r.end = `\\`+server+`\`+path[r.share.start:r.share.end], r.share.end
		}
	case hasDrive(path):
		r.device, r.end = path[:2], 2
		if len(path) > 2 && isEitherSlash(path[2]) {
			r.absolute, r.end = true, 3
		}
	}
	return r
}

// Normalize resolves '..' and '.', and makes all separators backslashes.
func (Win32) Normalize(path string) string {
	switch {
	case path == "":
		return "."
	case path == "/":
		return `\`
	case len(path) == 1:
		return path
	}
	r := rootOf(path)
	colon := strings.IndexByte(path, ':')
	switch {
	case r.isShare && r.share.end == len(path):
		return r.device + `\`
	case r.end == 4 && strings.HasPrefix(r.device, `\\`) && !r.isShare:
		if name := path[min(4, colon+1):max(4, colon+1)]; colon >= 4 && isReserved(name, len(name)-1) {
			r.device, r.end = `\\?\`+name, 4+len(name)
		}
	case !r.absolute && r.device == "" && colon > 0 && isReserved(path, colon):
		r.device, r.end = path[:colon+1], colon+1
	}
	tail := cleaned(path[r.end:], `\`, !r.absolute, isEitherSlash)
	if tail == "" && !r.absolute {
		tail = "."
	}
	if tail != "" && isEitherSlash(path[len(path)-1]) {
		tail += `\`
	}
	switch {
	case !r.absolute && r.device == "" && wouldBeDrive(path, tail):
		return `.\` + tail
	case isReserved(path, colon):
		return `.\` + r.device + tail
	case r.absolute:
		return r.device + `\` + tail
	}
	return r.device + tail
}

// wouldBeDrive reports whether the rest of a relative path could be read as a path on a drive, or
// as a stream of a file.
func wouldBeDrive(path, tail string) bool {
	if !strings.Contains(path, ":") {
		return false
	}
	if hasDrive(tail) {
		return true
	}
	for i := range len(path) {
		if path[i] == ':' && (i == len(path)-1 || isEitherSlash(path[i+1])) {
			return true
		}
	}
	return false
}

// IsAbsolute reports whether path is absolute.
func (Win32) IsAbsolute(path string) bool {
	return path != "" && isEitherSlash(path[0]) || hasDrive(path) && len(path) > 2 && isEitherSlash(path[2])
}

// Join joins all parts and normalizes the result. The result is a UNC path only if the first part
// begins like one.
func (w Win32) Join(parts ...string) string {
	parts = withoutEmpty(parts)
	if len(parts) == 0 {
		return "."
	}
	joined, first := strings.Join(parts, `\`), parts[0]
	isUNC := len(first) > 2 && isEitherSlash(first[0]) && isEitherSlash(first[1]) && !isEitherSlash(first[2])
	if slashes := len(joined) - len(strings.TrimLeft(joined, `/\`)); !isUNC && slashes >= 2 {
		joined = `\` + joined[slashes:]
	}
	for part := range strings.SplitSeq(joined, `\`) {
		if colon := strings.IndexByte(part, ':'); colon >= 0 && isReserved(part, colon) {
			return strings.ReplaceAll(joined, "/", `\`)
		}
	}
	return w.Normalize(joined)
}

// Resolve joins parts from the last one to the left until the path is absolute and has a device.
// cwd returns the current directory of a drive, or of the process for ""; Resolve returns its
// error.
func (Win32) Resolve(cwd func(device string) (string, error), parts ...string) (string, error) {
	device, absolute := "", false
	var tails []string // the last one first
	for i := len(parts) - 1; i >= -1; i-- {
		var path string
		if i >= 0 {
			path = parts[i]
		} else {
			dir, err := cwd(device)
			if err != nil {
				return "", err
			}
			if path = dir; device != "" && !strings.EqualFold(path[:min(2, len(path))], device) && len(path) > 2 &&
				path[2] == '\\' {
				path = device + `\`
			}
		}
		r := rootOf(path)
		if r.device != "" {
			if device != "" && !strings.EqualFold(r.device, device) {
				continue // This path is on another drive.
			}
			if device == "" {
				device = r.device
			}
		}
		if !absolute && path != "" {
			tails = append(tails, path[r.end:])
			absolute = r.absolute
		}
		if absolute && device != "" {
			break
		}
	}
	slices.Reverse(tails)
	tail := cleaned(strings.Join(tails, `\`), `\`, !absolute, isEitherSlash)
	switch {
	case absolute:
		return device + `\` + tail, nil
	case device+tail == "":
		return ".", nil
	}
	return device + tail, nil
}

// Relative returns the path that leads from one path to another, without distinguishing upper and
// lower case. If none does, it returns to, resolved. It returns the error of cwd.
func (w Win32) Relative(cwd func(device string) (string, error), from, to string) (string, error) {
	if from == to {
		return "", nil
	}
	from, err := w.Resolve(cwd, from)
	if err != nil {
		return "", err
	}
	if to, err = w.Resolve(cwd, to); err != nil {
		return "", err
	}
	fromParts, toParts := split(from, `\`), split(to, `\`)
	way, same := between(fromParts, toParts, `\`, lowerCase)
	if same == 0 && len(fromParts) > 0 && len(toParts) > 0 {
		return to, nil
	}
	return way, nil
}

// lowerCase is JavaScript's toLowerCase.
func lowerCase(name string) string { return strings.ToLower(strings.ReplaceAll(name, "İ", "i̇")) }

// ToNamespacedPath returns path with the prefix with which Windows does not parse it. It returns
// the error of cwd.
func (w Win32) ToNamespacedPath(cwd func(device string) (string, error), path string) (string, error) {
	if path == "" {
		return path, nil
	}
	resolved, err := w.Resolve(cwd, path)
	switch {
	case err != nil || len(resolved) <= 2 || len(utf16.Encode([]rune(resolved))) <= 2:
		return path, err
	case strings.HasPrefix(resolved, `\\`):
		if resolved[2] != '?' && resolved[2] != '.' {
			return `\\?\UNC\` + resolved[2:], nil
		}
	case hasDrive(resolved) && resolved[2] == '\\':
		return `\\?\` + resolved, nil
	}
	return resolved, nil
}

// Dirname returns path without its last part.
func (Win32) Dirname(path string) string {
	switch {
	case path == "":
		return "."
	case len(path) == 1 && isEitherSlash(path[0]):
		return path
	case len(path) == 1:
		return "."
	}
	root, from := -1, 0
	if isEitherSlash(path[0]) {
		root = 1
		if isEitherSlash(path[1]) {
			if s, ok := shareOf(path); ok && s.end == len(path) {
				return path
			} else if ok {
				root = s.end + 1
			}
		}
		from = root
	} else if hasDrive(path) {
		root = 2
		if len(path) > 2 && isEitherSlash(path[2]) {
			root = 3
		}
		from = root
	}
	end := lastName(path, from, isEitherSlash)
	switch {
	case end >= 0:
		return path[:end]
	case root >= 0:
		return path[:root]
	}
	return "."
}

// Basename returns the last part, without the suffix unless that is all of it.
func (Win32) Basename(path, suffix string) string {
	from := 0
	if hasDrive(path) {
		from = 2
	}
	return basename(path, from, suffix, isEitherSlash)
}

// Extname returns the last part from its last dot on, "" if that is its first character.
func (w Win32) Extname(path string) string { return extension(w.Basename(path, "")) }

// Parse returns the parts of path.
func (Win32) Parse(path string) Parsed {
	root := 0
	switch {
	case path == "":
	case isEitherSlash(path[0]):
		root = 1
		if len(path) > 1 && isEitherSlash(path[1]) {
			if s, ok := shareOf(path); ok {
				root = min(s.end+1, len(path))
			}
		}
	case hasDrive(path):
		root = 2
		if len(path) > 2 && isEitherSlash(path[2]) {
			root = 3
		}
	}
	return parsed(path, root, isEitherSlash)
}
