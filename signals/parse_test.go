package signals_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/signals"
)

//brood:checks N118
func TestParseTakesEveryNameAndNumberInAnyCaseWithAndWithoutSIG(t *testing.T) {
	parsesAs := func(want signals.Signal, text string) {
		t.Helper()
		got, err := signals.Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, got, "Parse(%q)", text)
	}
	spellings := func(name string, s signals.Signal) {
		t.Helper()
		short := strings.TrimPrefix(name, "SIG")
		for _, text := range []string{name, short} {
			parsesAs(s, text)
			parsesAs(s, strings.ToLower(text))
			parsesAs(s, text[:1]+strings.ToLower(text[1:]))
		}
		parsesAs(s, "sig"+short)
		parsesAs(s, "Sig"+strings.ToLower(short))
	}

	signals.EachName(spellings)
	for s := signals.Signal(1); s <= signals.MaxSignal; s++ {
		spellings(signals.Name(s), s)
		parsesAs(s, strconv.Itoa(int(s)))
	}
	for s := signals.RTMin; s <= signals.RTMax; s++ {
		spellings("SIGRTMIN+"+strconv.Itoa(int(s-signals.RTMin)), s)
		spellings("SIGRTMAX-"+strconv.Itoa(int(signals.RTMax-s)), s)
	}
}

//brood:checks S049
func TestParseRefusesTextsThatNameNoSignal(t *testing.T) {
	beyond := strconv.Itoa(int(signals.RTMax-signals.RTMin) + 1)
	for name, text := range map[string]string{
		"empty":                        "",
		"prefix only":                  "SIG",
		"prefix twice":                 "SIGSIGTERM",
		"unknown name":                 "SIGNOSUCH",
		"beginning of a name":          "SIGTER",
		"more than a name":             "SIGTERMS",
		"blank before":                 " TERM",
		"blank after":                  "TERM ",
		"newline after":                "TERM\n",
		"blank inside":                 "SIG TERM",
		"NUL after":                    "SIGTERM\x00",
		"NUL before":                   "\x00SIGTERM",
		"two names":                    "INT,TERM",
		"letter that folds to S":       "ſIGTERM",
		"letter that folds to K":       "SIG\u212aILL",
		"digits that are not ASCII":    "\u0661\u0665",
		"not UTF-8":                    "TERM\xff",
		"null signal":                  "0",
		"negative":                     "-1",
		"negative of a signal":         "-15",
		"plus":                         "+15",
		"leading zero":                 "015",
		"hexadecimal":                  "0xf",
		"fraction":                     "15.0",
		"underscore":                   "1_5",
		"just past the last":           strconv.Itoa(int(signals.MaxSignal) + 1),
		"200":                          "200",
		"4096":                         "4096",
		"2 to the 32 and 15":           "4294967311",
		"2 to the 64 and 15":           "18446744073709551631",
		"prefix and number too high":   "SIG4096",
		"text of Name for no signal":   "signal 200",
		"below the real-time signals":  "SIGRTMIN-1",
		"above the real-time signals":  "SIGRTMAX+1",
		"far above from below":         "SIGRTMIN+" + beyond,
		"far below from above":         "SIGRTMAX-" + beyond,
		"offset without number":        "SIGRTMIN+",
		"offset without sign":          "SIGRTMIN3",
		"offset with two signs":        "SIGRTMIN+-1",
		"offset with a blank":          "SIGRTMIN+ 1",
		"offset with a leading zero":   "SIGRTMIN+01",
		"offset with a letter":         "SIGRTMIN+1a",
		"offset that wraps around":     "SIGRTMIN+4294967296",
		"offset of a classic signal":   "SIGTERM+1",
		"real time, but neither end":   "SIGRT",
		"real time, kernel's own name": "SIGRT_1",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := signals.Parse(text)
			require.Zero(t, s, "Parse(%q)", text)

			refused, ok := errors.AsType[*signals.ParseError](err)
			require.True(t, ok, "Parse(%q) = %v", text, err)
			require.Equal(t, &signals.ParseError{Text: text, Err: signals.ErrUnknown}, refused)
			require.ErrorIs(t, err, signals.ErrUnknown)
			require.ErrorIs(t, err, os.ErrInvalid)
			require.NotErrorIs(t, err, os.ErrNotExist)
		})
	}
}

func TestParseErrorQuotesTheText(t *testing.T) {
	_, err := signals.Parse("TERM\x00")
	require.EqualError(t, err, `signals: parse "TERM\x00": unknown signal`)
}

func TestNameAndParseOfClassicSignalsDoNotAllocate(t *testing.T) {
	require.Zero(t, testing.AllocsPerRun(100, func() {
		s, err := signals.Parse("SIGTERM")
		if s != syscall.SIGTERM || err != nil || signals.Name(s) != "SIGTERM" {
			panic("Parse and Name of SIGTERM disagree")
		}
	}))
}
