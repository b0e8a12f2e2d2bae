package nodejson_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/nodejson"
)

// nodeScript answers each line with two lines: the text of JSON.stringify, and the value in a
// complete notation, that of dump. If JSON.parse refuses a line, both are "error".
const nodeScript = `
const bits = Buffer.alloc(8);
function units(s) {
	let out = '';
	for (let i = 0; i < s.length; i++) out += s.charCodeAt(i).toString(16).padStart(4, '0');
	return out;
}
function dump(v) {
	if (typeof v === 'number') { bits.writeDoubleBE(v); return 'n' + bits.toString('hex'); }
	if (typeof v === 'string') return 's' + units(v);
	if (v === null || typeof v === 'boolean') return String(v);
	if (Array.isArray(v)) return '[' + v.map(dump).join(',') + ']';
	return '{' + Object.keys(v).map((k) => units(k) + ':' + dump(v[k])).sort().join(',') + '}';
}
const chunks = [];
process.stdin.on('data', (c) => chunks.push(c));
process.stdin.on('end', () => {
	const all = Buffer.concat(chunks);
	let out = '';
	for (let i = 0; i < all.length;) {
		const end = all.indexOf(10, i);
		try {
			const v = JSON.parse(all.toString('utf8', i, end));
			out += JSON.stringify(v) + '\n' + dump(v) + '\n';
		} catch {
			out += 'error\nerror\n';
		}
		i = end + 1;
	}
	process.stdout.write(out);
});
`

// dump returns v in the notation of nodeScript.
func dump(v any) string {
	switch v := v.(type) {
	case float64:
		return fmt.Sprintf("n%016x", math.Float64bits(v))
	case string:
		return "s" + units(v)
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = dump(e)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		var parts []string
		for key, e := range v {
			parts = append(parts, units(key)+":"+dump(e))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ",") + "}"
	}
	panic(fmt.Sprintf("dump of %T", v))
}

// units returns the UTF-16 units of s, which is WTF-8.
func units(s string) string {
	var out strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			r, n = rune(s[0]&0xf)<<12|rune(s[1]&0x3f)<<6|rune(s[2]&0x3f), 3
		}
		if a, b := utf16.EncodeRune(r); a != utf8.RuneError {
			fmt.Fprintf(&out, "%04x%04x", a, b)
		} else {
			fmt.Fprintf(&out, "%04x", r)
		}
		s = s[n:]
	}
	return out.String()
}

// askNode makes a node process read the lines, and returns its two answers to each.
func askNode(t *testing.T, lines [][]byte) (texts, meanings []string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("there is no node: ", err)
	}
	require.NoError(t, err)
	cmd := exec.Command(node, "-e", nodeScript)
	cmd.Stdin = bytes.NewReader(append(bytes.Join(lines, []byte("\n")), '\n'))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", stderr.Bytes())
	answers := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	require.Len(t, answers, 2*len(lines))
	for i := 0; i < len(answers); i += 2 {
		texts, meanings = append(texts, answers[i]), append(meanings, answers[i+1])
	}
	return texts, meanings
}

// random generates values and texts.
type random struct{ *rand.Rand }

// seeded has the same seed in every run, so a failure can be repeated.
func seeded() random { return random{rand.New(rand.NewPCG(1, 2))} }

// numbers are the numbers at which the notation, the precision or the sign changes.
var numbers = []float64{
	0, 1, -1, 1e21, 1e20, 999999999999999999999, 1e-6, 1e-7, 9.99e-7, 5e-324, 2.2250738585072014e-308, math.MaxFloat64,
	1 << 53, 1<<53 - 1, 1<<53 + 2, -(1 << 53), 1e15, 1e15 - 1, 1e15 + 1, 123456789012345680000, 0.1, 1.0 / 3, 1e23, 4.35, 1e-10, 1e100,
	math.MaxInt64, math.MinInt64, math.MaxUint64, 9007199254740993,
}

func (r random) number() float64 {
	switch r.IntN(4) {
	case 0:
		return numbers[r.IntN(len(numbers))]
	case 1:
		return float64(r.IntN(1000) - 500)
	case 2:
		return r.NormFloat64() * math.Pow(10, float64(r.IntN(50)-25))
	}
	for {
		if f := math.Float64frombits(r.Uint64()); !math.IsNaN(f) && !math.IsInf(f, 0) && f != 0 {
			return f
		}
	}
}

// text is WTF-8 in which every surrogate is a lone one.
func (r random) text() string {
	var b strings.Builder
	highEnd := 0 // of the last half that would make a pair with a second one
	for range r.IntN(12) {
		switch r.IntN(8) {
		case 0:
			b.WriteByte(byte(r.IntN(0x80)))
		case 1:
			b.WriteRune(rune(0x80 + r.IntN(0x780)))
		case 2:
			b.WriteRune(rune(0x2020 + r.IntN(16))) // among them the separators of lines
		case 3:
			b.WriteRune(rune(0x10000 + r.IntN(0x100000)))
		case 4:
			b.Write([]byte{0xed, byte(0xa0 + r.IntN(16)), byte(0x80 + r.IntN(64))})
			highEnd = b.Len()
		case 5:
			if b.Len() == 0 || b.Len() != highEnd {
				b.Write([]byte{0xed, byte(0xb0 + r.IntN(16)), byte(0x80 + r.IntN(64))})
			}
		case 6:
			b.WriteString([]string{`\`, `"`, "</", "\n", "\x00", "\x7f", "NODE_", `\u0041`, "\ufffd", "\uffff"}[r.IntN(10)])
		default:
			b.WriteString("plain text")
		}
	}
	return b.String()
}

func (r random) value(depth int) any {
	kind := r.IntN(9)
	if depth == 0 {
		kind = r.IntN(6)
	}
	switch kind {
	case 0:
		return nil
	case 1:
		return r.IntN(2) == 0
	case 2, 3:
		return r.number()
	case 4, 5:
		return r.text()
	case 6:
		list := []any{}
		for range r.IntN(6) {
			list = append(list, r.value(depth-1))
		}
		return list
	}
	object := map[string]any{}
	for range r.IntN(6) {
		// Keys that look like numbers come first in JavaScript.
		object["k"+r.text()] = r.value(depth - 1)
	}
	return object
}

// Append writes the same text as JSON.stringify for the same value, and both read it alike.
func TestAppendWritesTheTextOfNode(t *testing.T) {
	r := seeded()
	values := make([]any, 3000)
	lines := make([][]byte, len(values))
	for i := range values {
		values[i] = r.value(4)
		lines[i] = []byte(appended(t, values[i]))
	}
	texts, meanings := askNode(t, lines)
	for i, v := range values {
		require.Equal(t, string(lines[i]), texts[i])
		require.Equal(t, dump(v), meanings[i], "%s", lines[i])
		back, err := nodejson.Value([]byte(texts[i]))
		require.NoError(t, err)
		require.Equal(t, v, back, "%s", lines[i])
	}
}

// The same through struct fields.
func TestAppendWritesStructsAsNodeDoes(t *testing.T) {
	type message struct {
		S string
		N name
		F float64
		L []string
		M map[string]float64
		A any
	}
	r := seeded()
	sent := make([]message, 1000)
	lines := make([][]byte, len(sent))
	for i := range sent {
		sent[i] = message{r.text(), name(r.text()), r.number(), []string{r.text()}, map[string]float64{"k" + r.text(): r.number()}, r.value(2)}
		lines[i] = []byte(appended(t, sent[i]))
	}
	texts, _ := askNode(t, lines)
	for i := range sent {
		require.Equal(t, string(lines[i]), texts[i])
		var got message
		require.NoError(t, nodejson.Decode([]byte(texts[i]), &got), "%s", lines[i])
		require.Equal(t, sent[i], got, "%s", lines[i])
	}
}

// garble returns unusual JSON, or text that is almost JSON.
func (r random) garble() []byte {
	pieces := []string{
		`{`, `}`, `[`, `]`, `:`, `,`, ` `, "\t", "\r", `"a"`, `"\u00e9"`, `"\ud83d\ude00"`, `"\ud800"`, `"\udc00"`, `"\ud800\ud800"`, `"\/"`, `"\x"`,
		"\"\xff\"", "\"\xe2\x82\"", "\"\xf0\x9f\x98a\"", "\"\xed\xa0\x80\"", "\"\xc0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe0\x80\x80\"", "\"\xf0\x80\x80\x80\"", "\"\xf1\x80\x80\x41\"",
		`-0`, `0.1e1`, `1E400`, `-1e400`, `00`, `1.`, `.1`, `1e+5`, `9007199254740993`, `0.30000000000000004441`, `2.2250738585072011e-308`, `1e-400`,
		`179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880`,
		`true`, `false`, `null`, `nul`, `"tab	"`, "\x00", "\xef\xbb\xbf", "\u00a0", "\v", `"`, `\`, `{"a":1,"a":2}`, `{"\u0061":1}`, `[[]]`, `"\u0000"`,
	}
	var p []byte
	for range 1 + r.IntN(3) {
		p = append(p, pieces[r.IntN(len(pieces))]...)
	}
	for range r.IntN(4) {
		switch piece := pieces[r.IntN(len(pieces))]; r.IntN(3) {
		case 0:
			p = slices.Concat([]byte("[ "), p, []byte(" ,"+piece+"]"))
		case 1:
			p = slices.Concat([]byte("{\"k\" : "), p, []byte(" }\r"))
		default:
			p = slices.Concat(p, []byte(piece))
		}
	}
	return p
}

// Value reads every text that JSON.parse reads, to the same value, to the last bit. It refuses
// every other text.
func TestValueReadsTheTextsOfNode(t *testing.T) {
	r := seeded()
	lines := make([][]byte, 20_000)
	for i := range lines {
		lines[i] = r.garble()
	}
	_, meanings := askNode(t, lines)
	accepted := 0
	for i, line := range lines {
		if meanings[i] == "error" {
			_, err := nodejson.Value(line)
			require.ErrorIs(t, err, nodejson.ErrSyntax, "%q", line)
			require.False(t, nodejson.Valid(line), "%q", line)
			continue
		}
		accepted++
		v, err := nodejson.Value(line)
		require.NoError(t, err, "%q", line)
		require.Equal(t, meanings[i], dump(v), "%q", line)
		require.True(t, nodejson.Valid(line), "%q", line)
	}
	require.Greater(t, accepted, 2000)
	require.Less(t, accepted, 18_000)
}
