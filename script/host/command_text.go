package host

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/shelltext"
)

// commandText is the parsed template of a command. It is parsed once for each place in a script.
type commandText struct {
	pieces []string
	places []shelltext.Place

	// The results for one value at each place, which is the common case.
	script    string // from shellScript
	program   shelltext.Program
	isProgram bool // program is valid: there is nothing for a shell to do
}

// parseCommand is parse(pieces) of a template's pieces. It returns a list: the text for start, the
// pieces between which references can be put, and the places of these references.
func parseCommand(c *engine.Call) (engine.Value, error) {
	pieces, err := stringsOf(c.Arg(0))
	if err != nil {
		return c.Undefined(), err
	}
	x := &commandText{}
	if x.pieces, x.places, err = shelltext.Parse(pieces); err != nil {
		return c.Undefined(), &codedError{"TypeError", "ERR_INVALID_ARG_VALUE", "The command " + err.Error()}
	}
	text := x.text(nil)
	x.script = shellScript(text, len(x.places))
	x.program, x.isProgram = shelltext.ReadProgram(text, len(x.places))
	all := make([]engine.Value, 0, 1+len(x.pieces)+len(x.places))
	all = append(all, c.Native(c.Null(), x))
	for _, piece := range x.pieces {
		all = append(all, c.String(piece))
	}
	for _, place := range x.places {
		all = append(all, c.Int(int64(place)))
	}
	return c.Array(all...), nil
}

// commandTextOf returns the commandText that an object of the library stands for.
func commandTextOf(v engine.Value) (*commandText, error) {
	x, ok := v.Native().(*commandText)
	if !ok {
		return nil, errors.New("not the text of a command")
	}
	return x, nil
}

// text returns the command with references to values. counts is the number of values at each place;
// nil: one each.
func (x *commandText) text(counts []int) string {
	var b strings.Builder
	b.WriteString(x.pieces[0])
	n := 0
	for i, place := range x.places {
		count := 1
		if counts != nil {
			count = counts[i]
		}
		for j := range count {
			n++
			reference := "${brood" + strconv.Itoa(n) + "}"
			if place == shelltext.Word {
				reference = `"` + reference + `"`
			}
			if j > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(reference)
		}
		b.WriteString(x.pieces[i+1])
	}
	return b.String()
}

// boundText is a commandText with its values.
type boundText struct {
	*commandText
	prefix string // for a shell, before the text
	values []string
	counts []int // the number of values at each place; nil: one each
}

// words returns the words of a program with its arguments. ok is false if a shell is needed.
func (x *boundText) words() ([]string, bool) {
	program, ok := x.program, x.isProgram
	if x.prefix != "" || x.counts != nil {
		program, ok = shelltext.ReadProgram(x.prefix+x.text(x.counts), len(x.values))
	}
	if !ok {
		return nil, false
	}
	return program.Words(x.values)
}

// shellArguments returns the arguments of a shell: the script and its positional parameters.
func (x *boundText) shellArguments(shell string) []string {
	script := x.script
	if x.prefix != "" || x.counts != nil {
		script = shellScript(x.prefix+x.text(x.counts), len(x.values))
	}
	if len(x.values) == 0 {
		return []string{"-c", script}
	}
	return append([]string{"-c", script, shell}, x.values...)
}

// shellScript returns text after code that moves the positional parameters, which are its values,
// to variables.
func shellScript(text string, values int) string {
	if values == 0 {
		return " " + text // A blank, because after -c some shells take "-x" for another option.
	}
	var b strings.Builder
	for i := 1; i <= values; i++ {
		n := strconv.Itoa(i)
		b.WriteString("brood" + n + "=${" + n + "} ")
	}
	return b.String() + ";shift " + strconv.Itoa(values) + "; " + text
}

// readPlain reads values that the library has not checked. It returns false if one is not a string
// that the shell can get as it is.
func (x *boundText) readPlain(list engine.Value) bool {
	if len(x.places) == 0 {
		return true
	}
	x.values = make([]string, len(x.places))
	for i, place := range x.places {
		v, err := list.Index(i)
		if err != nil || place == shelltext.Number || v.Kind() != engine.String {
			return false
		}
		x.values[i] = v.Text()
		// A lone half of a surrogate pair is no UTF-8.
		if strings.IndexByte(x.values[i], 0) >= 0 || !utf8.ValidString(x.values[i]) {
			return false
		}
	}
	return true
}

// read reads the values of a command: for each place a string, bytes or a list of these.
func (x *boundText) read(list engine.Value) error {
	if len(x.places) == 0 {
		return nil
	}
	x.values = make([]string, 0, len(x.places))
	for i := range x.places {
		v, err := list.Index(i)
		if err != nil {
			return err
		}
		before := len(x.values)
		if v.Kind() != engine.String && v.IsArray() {
			if x.values, err = appendTexts(x.values, v); err != nil {
				return err
			}
		} else {
			x.values = append(x.values, textOrBytes(v))
		}
		count := len(x.values) - before
		if x.counts == nil && count != 1 {
			x.counts = make([]int, i, len(x.places))
			for j := range x.counts {
				x.counts[j] = 1
			}
		}
		if x.counts != nil {
			x.counts = append(x.counts, count)
		}
	}
	return nil
}

func appendTexts(to []string, list engine.Value) ([]string, error) {
	n, err := list.Len()
	for i := 0; i < n && err == nil; i++ {
		var v engine.Value
		if v, err = list.Index(i); err == nil {
			to = append(to, textOrBytes(v))
		}
	}
	return to, err
}

func textOrBytes(v engine.Value) string {
	if raw, ok := v.Bytes(); ok {
		return string(raw)
	}
	return v.Text()
}
