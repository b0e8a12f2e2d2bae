package nodepath

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxAlternatives bounds the patterns that the braces of one pattern expand to.
const maxAlternatives = 1 << 10

// MatchesGlob reports whether path matches a pattern: '*' and '?' match characters of a name, '**'
// any directories, '[a-z]' and '[!a-z]' one character, '{a,b}' either. A leading dot is matched by
// a dot only.
func (Posix) MatchesGlob(path, pattern string) bool {
	return matchesAny(strings.Split(path, "/"), expand(pattern), true)
}

// MatchesGlob is [Posix.MatchesGlob] with backslashes or slashes between names, and without
// distinguishing upper and lower case.
func (Win32) MatchesGlob(path, pattern string) bool {
	slashed := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, `\`, "/")) }
	return matchesAny(strings.Split(slashed(path), "/"), expand(slashed(pattern)), false)
}

func matchesAny(names, patterns []string, escapes bool) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matchNames(names, strings.Split(p, "/"), escapes) })
}

// expand returns the patterns that a pattern with braces stands for.
func expand(pattern string) []string {
	done, todo := []string{}, []string{pattern}
	for len(todo) > 0 && len(done)+len(todo) <= maxAlternatives {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		before, alternatives, after, ok := braces(p)
		if !ok {
			done = append(done, p)
			continue
		}
		for _, alternative := range slices.Backward(alternatives) {
			todo = append(todo, before+alternative+after)
		}
	}
	return append(done, todo...)
}

// braces finds the first braces of p that have a comma and no other such braces in them.
func braces(p string) (before string, alternatives []string, after string, ok bool) {
	type opened struct {
		at     int
		commas []int
	}
	var open []opened
	for i := range len(p) {
		switch {
		case p[i] == '{':
			open = append(open, opened{at: i})
		case len(open) == 0:
		case p[i] == ',':
			last := &open[len(open)-1]
			last.commas = append(last.commas, i)
		case p[i] == '}':
			last := open[len(open)-1]
			open = open[:len(open)-1]
			if len(last.commas) == 0 {
				continue
			}
			start := last.at + 1
			for _, comma := range append(last.commas, i) {
				alternatives = append(alternatives, p[start:comma])
				start = comma + 1
			}
			return p[:last.at], alternatives, p[i+1:], true
		}
	}
	return "", nil, "", false
}

// matchNames matches names against patterns. If the names after a '**' do not match, it tries the
// last '**' with one name more; as with '*' in a name, going back further is never needed.
func matchNames(names, patterns []string, escapes bool) bool {
	i, j, lastI, lastJ := 0, 0, 0, -1
	for i < len(names) {
		switch {
		case j < len(patterns) && patterns[j] == "**":
			lastI, lastJ = i, j
			j++
			continue
		case j < len(patterns) && matchName(names[i], patterns[j], escapes):
			i++
			j++
			continue
		case lastJ >= 0 && !strings.HasPrefix(names[lastI], "."):
			lastI++
			i, j = lastI, lastJ+1
			continue
		}
		return false
	}
	for j < len(patterns) && patterns[j] == "**" {
		j++
	}
	return j == len(patterns)
}

// matchName matches one name against one part of a pattern, without '/'.
func matchName(name, pattern string, escapes bool) bool {
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(pattern, ".") {
		return false
	}
	restName, restPattern, starred := "", "", false
	for {
		if strings.HasPrefix(pattern, "*") {
			pattern = pattern[1:]
			restName, restPattern, starred = name, pattern, true
			continue
		}
		if name == "" && pattern == "" {
			return true
		}
		if after, ok := matchOne(name, pattern, escapes); ok {
			_, n := utf8.DecodeRuneInString(name)
			name, pattern = name[n:], after
			continue
		}
		if !starred || restName == "" {
			return false
		}
		_, n := utf8.DecodeRuneInString(restName)
		restName = restName[n:]
		name, pattern = restName, restPattern
	}
}

// matchOne matches the first character of name, and returns the rest of the pattern.
func matchOne(name, pattern string, escapes bool) (after string, ok bool) {
	if name == "" || pattern == "" {
		return "", false
	}
	r, _ := utf8.DecodeRuneInString(name)
	switch p, n := utf8.DecodeRuneInString(pattern); {
	case p == '?':
		return pattern[1:], true
	case p == '[':
		if matched, size := matchClass(r, pattern); size > 0 {
			return pattern[size:], matched
		}
		return pattern[n:], r == p
	case p == '\\' && escapes && len(pattern) > 1:
		p, n = utf8.DecodeRuneInString(pattern[1:])
		return pattern[1+n:], r == p
	default:
		return pattern[n:], r == p
	}
}

// matchClass matches a character against a bracket expression. size is its length in the pattern, 0
// if it is not closed.
func matchClass(r rune, pattern string) (matched bool, size int) {
	end := strings.IndexByte(pattern[1:], ']') + 1
	if end <= 1 {
		return false, 0
	}
	set := []rune(pattern[1:end])
	not := len(set) > 1 && (set[0] == '!' || set[0] == '^')
	if not {
		set = set[1:]
	}
	for i := 0; i < len(set); i++ {
		if i+2 < len(set) && set[i+1] == '-' {
			matched = matched || set[i] <= r && r <= set[i+2]
			i += 2
		} else {
			matched = matched || set[i] == r
		}
	}
	return matched != not, end + 1
}
