package nodeurl

import "strings"

// maxAuthority bounds the part between the slashes and the path: bytes. The parser takes quadratic
// time for it, and no server has such a long name.
const maxAuthority = 1 << 12

var special = map[string]bool{"http": true, "https": true, "ws": true, "wss": true, "ftp": true, "file": true}

// hasShortAuthority reports whether the authority of a URL is at most maxAuthority long.
func hasShortAuthority(text, base string) bool {
	if len(text) <= maxAuthority {
		return true
	}
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	scheme, rest := cutScheme(text)
	of := scheme
	if scheme == "" {
		of, _ = cutScheme(base)
	}
	slashes, ends := "/\t\n\r", "/?#"
	if special[of] {
		slashes, ends = slashes+`\`, ends+`\`
	}
	authority := strings.TrimLeft(rest, slashes)
	lead := rest[:len(rest)-len(authority)]
	if strings.Count(lead, "/")+strings.Count(lead, `\`) < 2 && (scheme == "" || !special[of]) {
		return true // There is no authority.
	}
	if end := strings.IndexAny(authority, ends); end >= 0 {
		authority = authority[:end]
	}
	return len(authority) <= maxAuthority
}

// cutScheme returns the scheme of a URL in lower case, "" if it has none, and the rest.
func cutScheme(text string) (scheme, rest string) {
	for i := range len(text) {
		switch c := text[i]; {
		case c == ':' && i > 0:
			return strings.ToLower(strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(text[:i])), text[i+1:]
		case isAlphanumeric(c) || strings.IndexByte("+-.\t\n\r", c) >= 0:
		default:
			return "", text
		}
	}
	return "", text
}
