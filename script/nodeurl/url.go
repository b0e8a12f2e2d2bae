package nodeurl

import (
	"errors"
	"strings"

	"github.com/nlnwa/whatwg-url/url"
	"golang.org/x/net/idna"
)

// Parts are the parts of a URL, with the values of a URL object's properties.
type Parts struct {
	Href, Protocol, Username, Password, Host, Hostname, Port, Pathname, Search, Hash string
}

// parser encodes '^' in paths, a rule that the standard added after the package was written.
var parser = url.NewParser(url.WithPathPercentEncodeSet(url.PathPercentEncodeSet.Set('^')))

// ErrInvalid is the error of a text that is no URL.
var ErrInvalid = errors.New("nodeurl: invalid URL")

// Parse returns the parts of a URL, which is relative to base unless base is empty. Its error is
// [ErrInvalid].
func Parse(text, base string) (Parts, error) {
	u, err := parse(text, base)
	if err != nil {
		return Parts{}, err
	}
	return partsOf(u), nil
}

func parse(text, base string) (u *url.Url, err error) {
	if !hasShortAuthority(text, base) || !hasShortAuthority(base, "") {
		return nil, ErrInvalid
	}
	if base == "" {
		u, err = parser.Parse(text)
	} else {
		u, err = parser.ParseRef(base, text)
	}
	if err != nil {
		return nil, ErrInvalid
	}
	return u, nil
}

func partsOf(u *url.Url) Parts {
	p := Parts{
		u.Href(false), u.Protocol(), u.Username(), u.Password(), u.Host(), u.Hostname(), u.Port(), u.Pathname(), u.Search(),
		u.Hash(),
	}
	// The standard now encodes a blank at the end of an opaque path.
	if path, ok := strings.CutSuffix(p.Pathname, " "); ok && u.OpaquePath() {
		p.Href = strings.Replace(p.Href, p.Protocol+p.Pathname, p.Protocol+path+"%20", 1)
		p.Pathname = path + "%20"
	}
	return p
}

// Set returns the parts of a URL after one was set, by the name of its property. A value that the
// property does not accept changes nothing. If href is no URL, the error is [ErrInvalid].
func Set(href, part, value string) (Parts, error) {
	u, err := parse(href, "")
	if err != nil {
		return Parts{}, err
	}
	before := u.Clone()
	if len(value) <= maxAuthority || part == "pathname" || part == "search" || part == "hash" {
		set(u, part, value)
	}
	if after, err := parse(u.Href(false), ""); err != nil || after.Href(false) != u.Href(false) {
		u = before // The package may have stopped in the middle.
	}
	return partsOf(u), nil
}

func set(u *url.Url, part, value string) {
	switch part {
	case "protocol":
		u.SetProtocol(value)
	case "username":
		u.SetUsername(value)
	case "password":
		u.SetPassword(value)
	case "host":
		u.SetHost(value)
	case "hostname":
		u.SetHostname(value)
	case "port":
		u.SetPort(value)
	case "pathname":
		u.SetPathname(value)
	case "search":
		u.SetSearch(value)
	case "hash":
		u.SetHash(value)
	}
}

// ToASCII returns a domain in the form that URLs use, "" if it is invalid.
func ToASCII(domain string) string {
	u, err := parser.Parse("ws://x")
	if err != nil || len(domain) > maxAuthority {
		return ""
	}
	if u, err = parser.BasicParser(domain, nil, u, url.StateHostname); err != nil || u == nil {
		return ""
	}
	return u.Hostname()
}

var unicodeNames = idna.New(idna.MapForLookup(), idna.CheckHyphens(false), idna.StrictDomainName(false),
	idna.Transitional(false))

// ToUnicode returns a domain in the form that people read, "" if it is invalid.
func ToUnicode(domain string) string {
	ascii := ToASCII(domain)
	if !strings.Contains(ascii, "xn--") {
		return ascii
	}
	// The error is about a label, which is left unchanged.
	name, _ := unicodeNames.ToUnicode(ascii)
	return name
}

// NameToASCII is ToASCII for names with characters that no domain has.
func NameToASCII(name string) string {
	if len(name) > maxAuthority {
		return ""
	}
	ascii, err := unicodeNames.ToASCII(name)
	if err != nil {
		return ""
	}
	return ascii
}
