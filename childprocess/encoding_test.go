package childprocess_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/streams"
)

//brood:checks N083 N084
func TestTheEncodingIsThatOfTheTexts(t *testing.T) {
	for encoding, want := range map[streams.Encoding]string{
		streams.UTF8:   "\u00e9\U0001f600",
		streams.Latin1: "\u00c3\u00a9\u00f0\u009f\u0098\u0080",
		streams.Hex:    "c3a9f09f9880",
		streams.Base64: "w6nwn5iA",
	} {
		t.Run(encoding.String(), func(t *testing.T) {
			l := newLoop(t)
			c := startWith(t, l, &childprocess.Options{Encoding: encoding}, "say", "1", "\u00e9\U0001f600", "2", "\u00e9\U0001f600")
			var text [3]string
			c.Stdout.OnText(func(s string) { text[1] += s })
			c.Stderr.OnText(func(s string) { text[2] += s })
			run(t, l)
			require.Equal(t, [3]string{"", want, want}, text)
		})
	}
}

//brood:checks N082
func TestAnUnknownEncodingIsRefused(t *testing.T) {
	l := newLoop(t)
	c, err := childprocess.Spawn(l, "true", nil, &childprocess.Options{Encoding: 77})
	require.Nil(t, c)
	require.Equal(t, &childprocess.ArgumentError{Op: "spawn", Name: "Encoding", Reason: "is unknown"}, err)
}
